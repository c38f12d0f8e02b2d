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
)
