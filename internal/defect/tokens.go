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
	RatesShared       Defect = "rates-shared"       // addresses of anybody crowd out programs and people
	TokenOfOthers     Defect = "token-of-others"    // whoever guesses its id ends a token of somebody else on their own page
	AddressesEach     Defect = "addresses-each"     // each address of one IPv6 network counts for itself
)

// Faults of signing in at an identity provider.
const (
	LeaverArrives     Defect = "leaver-arrives"      // an issuer's word brings back who has left
	LocalNameTaken    Defect = "local-name-taken"    // whom an issuer calls like somebody who is kept here is them
	IdentityIgnored   Defect = "identity-ignored"    // an issuer's name is who has it, though their identity there is another
	IdentityAskedOnce Defect = "identity-asked-once" // a session goes on though its identity is not its person's any more
	IssuerGivesRights Defect = "issuer-gives-rights" // an issuer's word gives rights over others
	StateIgnored      Defect = "state-ignored"       // an answer counts in a browser that did not ask
	NonceIgnored      Defect = "nonce-ignored"       // an ID token of another log-in counts
	WeakStepsUp       Defect = "weak-steps-up"       // what was asked of a step-up counts, not what was done
	OtherStepsUp      Defect = "other-steps-up"      // somebody else's log-in proves the person of a session
	LogoutReplayed    Defect = "logout-replayed"     // a log-out token counts twice
	ProviderStays     Defect = "provider-stays"      // signing out here leaves the session at the provider
	LogoutUnread      Defect = "logout-unread"       // a log-out token ends nothing
)
