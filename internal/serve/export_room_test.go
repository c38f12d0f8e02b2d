package serve

// PercentFor is for tests of KeepRoom.
var PercentFor = percentFor
