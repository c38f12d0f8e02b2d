// Package twin tests noninterference (threat-model N1): two worlds that differ
// only in what a caller may not see answer this caller alike, to the byte.
//
// A world is a small invented hospital grown from a seed: records, staff, facts.
// Its twin is changed at random, in values, elements, records, their order and
// the habits of the server that holds them, and a change stands only where the
// reference model says that nothing which this caller may see differs, under any
// task of the session. Then one random session, valid and invalid requests over
// the whole grammar and every page of each search, runs against both.
//
// A failure prints the seed; MODICUM_TWIN_SEED runs the worlds of some seeds alone, such as 3,17.
package twin
