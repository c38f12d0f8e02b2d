package defect

// Faults of signing in.
const (
	SessionForEver     Defect = "session-for-ever"    // a session neither ages nor idles out
	AnySessionEnded    Defect = "any-session-ended"   // anybody ends anybody's session
	IdleForgotten      Defect = "idle-forgotten"      // an idle session is closed before anybody can end it
	LeaverStays        Defect = "leaver-stays"        // who is made inactive keeps their sessions
	ProofForEver       Defect = "proof-for-ever"      // a proof does not age
	AnySiteMayPost     Defect = "any-site-may-post"   // what another site made a browser send is done
	OldSessionStays    Defect = "old-session-stays"   // the session before signing in goes on
	TokenKept          Defect = "token-kept"          // a new proof leaves the session its token
	UserUnverified     Defect = "user-unverified"     // a passkey signs in though nobody unlocked it
	CountIgnored       Defect = "count-ignored"       // a passkey whose count went back signs in
	LastWayRemoved     Defect = "last-way-removed"    // a person's only way in is taken away
	GuessesUnlimited   Defect = "guesses-unlimited"   // nobody waits who guesses
	DeviceUnknown      Defect = "device-unknown"      // who fails in somebody's name keeps them out where they are known
	AnyDeviceKnown     Defect = "any-device-known"    // a device is known for whoever never was at it
	PlacesUnlimited    Defect = "places-unlimited"    // nobody waits who guesses from many places
	NameWaits          Defect = "name-waits"          // what is right waits for what others fail at elsewhere
	CodesUnlimited     Defect = "codes-unlimited"     // who has a passphrase guesses codes from many places
	OneLineForAll      Defect = "one-line-for-all"    // a flood of guesses from one address takes everybody's turn
	KnownInLine        Defect = "known-in-line"       // a browser that is known waits behind those that are not
	UnjudgedCounts     Defect = "unjudged-counts"     // who is sent away unjudged waits for it
	CrowdUnsaid        Defect = "crowd-unsaid"        // who mistypes does not learn that many try in their name
	EndedGoesOn        Defect = "ended-goes-on"       // a request goes on though its session ended since it came
	TriesAsSpelled     Defect = "tries-as-spelled"    // another spelling of a name is tried anew
	SpareWaits         Defect = "spare-waits"         // a good recovery code does not work at once
	ToldEachTry        Defect = "told-each-try"       // who is guessed at is told of each wrong try
	NeighbourTold      Defect = "neighbour-told"      // who signs in beside others is told of what these mistyped
	TellLost           Defect = "tell-lost"           // who could not be told that they are guessed at is not told for a day
	TriesForgotten     Defect = "tries-forgotten"     // a restart forgets wrong tries
	RegisteredUnseen   Defect = "registered-unseen"   // who registered nothing here is told that it is done
	JunkRecorded       Defect = "junk-recorded"       // what is no passkey is recorded without end
	CodeAlone          Defect = "code-alone"          // a one-time code signs in without the passphrase
	OTPTwice           Defect = "otp-twice"           // a one-time code is taken twice
	SpareTwice         Defect = "spare-twice"         // a recovery code is taken twice
	OwnInvitation      Defect = "own-invitation"      // who makes an invitation agrees to it
	SecondIgnored      Defect = "second-ignored"      // an invitation needs no second person
	SecondAskedOnce    Defect = "second-asked-once"   // who got something to lose after they were invited needs no second person
	RolesUncounted     Defect = "roles-uncounted"     // a role over others is nothing to lose
	ElsewhereUncounted Defect = "elsewhere-uncounted" // nor is a sign-in elsewhere
	AnybodyIsOwner     Defect = "anybody-is-owner"    // people from elsewhere keep the first owner out
	OwnerTakenOver     Defect = "owner-taken-over"    // an owner who comes in elsewhere is taken for one who never came
	OwnerLinkTwice     Defect = "owner-link-twice"    // the first owner's link is good again when they leave
	AnybodyInvites     Defect = "anybody-invites"     // anybody makes invitations
	InviteTwice        Defect = "invite-twice"        // an invitation works twice
	TicketTwice        Defect = "ticket-twice"        // what was handed out once is used twice
	StageForAll        Defect = "stage-for-all"       // the demo's way in is open everywhere
	StageFar           Defect = "stage-far"           // it opens though other machines reach the installation
)
