package defect

// Faults of tokens that are given out here.
const (
	TokenForAnyTask   Defect = "token-for-any-task" // a token serves every task of its person
	TokenForEver      Defect = "token-for-ever"     // a token does not end
	LeaverLetIn       Defect = "leaver-let-in"      // the directory is not asked whether somebody is still there
	OwnerUnasked      Defect = "owner-unasked"      // a program runs on when its owner has left
	NetworkIgnored    Defect = "network-ignored"    // a program may ask from anywhere
	KeyForEver        Defect = "key-for-ever"       // a program's key does not end
	AudienceIgnored   Defect = "audience-ignored"   // an assertion for another service is taken
	AssertionReplayed Defect = "assertion-replayed" // an assertion is taken twice
	CodeTwice         Defect = "code-twice"         // a code of the command line is good twice
	ChallengeIgnored  Defect = "challenge-ignored"  // whoever has the code gets the token
)
