package defect

// Faults of the directory beyond the first ones, and of provisioning.
const (
	FirstTwice       Defect = "first-twice"        // there is a first person though somebody runs people
	OwnGiftCounts    Defect = "own-gift-counts"    // what somebody gives to themselves counts at once
	LinksIgnored     Defect = "links-ignored"      // linked identities are different people
	ManagerNamed     Defect = "manager-named"      // whoever a page names as manager approves
	DeptIgnored      Defect = "dept-ignored"       // a position for one department counts everywhere
	HeldForEver      Defect = "held-for-ever"      // what is held for a while does not end
	UncertainBelieve Defect = "uncertain-believed" // the directory is believed while nobody knows what was kept
	PlacesOneself    Defect = "places-oneself"     // an administrator says where they work and which records are theirs
	WidensOwn        Defect = "widens-own"         // an owner who runs people widens their own program
	RefusalUnsaid    Defect = "refusal-unsaid"     // a change of the directory that was refused is not recorded
	ClientSeesAll    Defect = "client-sees-all"    // provisioning changes people whom it does not provide
	AnyClient        Defect = "any-client"         // any bearer token provisions
	VersionOfAnybody Defect = "version-of-anybody" // of two who rest on one version both are taken
	BroughtBack      Defect = "brought-back"       // provisioning brings back whom an administrator took away

	IdentityElsewhere  Defect = "identity-elsewhere"   // who is somebody at an issuer comes in as whoever has another name
	IdentityParted     Defect = "identity-parted"      // two who bear one identity are parted
	IdentityTakenAlone Defect = "identity-taken-alone" // one person takes away whom two had said somebody is
	IdentityOfBoth     Defect = "identity-of-both"     // who is said to be two people comes in as either
	PairWaits          Defect = "pair-waits"           // of two who run people none can take away who the other is
	PartUntimed        Defect = "part-untimed"         // a name alone tells again at an uncertain time
	EntrustedAnyway    Defect = "entrusted-anyway"     // a page of the provider's that is entrusted twice is said to be ours
	EntrustedUnsaid    Defect = "entrusted-unsaid"     // a page left to provisioning earlier cannot be said to be ours
	LeaverUnlinked     Defect = "leaver-unlinked"      // who shared a mail address with one who leaves is somebody else from then on
	NameOfTwo          Defect = "name-of-two"          // one person's id is another's user name
	NameGivenUp        Defect = "name-given-up"        // a user name of before becomes somebody else's
	ExternalOfTwo      Defect = "external-of-two"      // provisioning calls two people by one id of its own
)
