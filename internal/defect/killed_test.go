//go:build !leaktest

package defect

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// killer is the test that must find a fault. Of N1, worlds are the seeds that do.
type killer struct{ pkg, test, worlds string }

// browsers are the faults that only a real browser's authenticator finds: their tests
// run whole, as under -short no real part is started.
var browsers = []Defect{UserUnverified, CountIgnored}

const (
	inPolicy   = "policy"
	inFHIRJSON = "internal/fhirjson"
	inMerge    = "internal/merge"
	inFacts    = "internal/facts"
	inSignIn   = "internal/signin"
	inGate     = "internal/gate"
	inDoor     = "internal/door/fhir"
	inAccess   = "internal/access"
	inAPI      = "internal/api"
	inObserve  = "internal/observe"
	inServe    = "internal/serve"
	inTokens   = "internal/tokens"
	inCommand  = "cmd/modicum"
	inConsole  = "internal/console"
	inReach    = "internal/reach"
	inTwin     = "internal/twin"
	inPeople   = "internal/people"
	inSCIM     = "internal/scim"
	inNotice   = "internal/notice"
	inSpool    = "internal/spool"
	inUpstream = "internal/upstream"
	inShare    = "internal/share"
	inChange   = "internal/change"
	inHealth   = "internal/health"
	inConfig   = "internal/config"
	inStore    = "internal/store"
	n1         = "TestN1_TwinWorldsAnswerAlike"
	some       = "1,2,3,4,5,6,7,8,9,10,11" // one world for each kind of caller
)

// killers has one test for each fault. Several find most of them; the one that stands
// here is the one whose subject it is, or N1 where nothing but bytes tell.
var killers = map[Defect]killer{
	OverlayIgnored:      {inTwin, n1, some},
	LiftsJoined:         {inPolicy, "TestRule03OneLineCoversOrNone", ""},
	NeverIgnored:        {inPolicy, "TestRule10NeverTakesFromItsRoleOnly", ""},
	RestrictionIgnored:  {inDoor, "TestN4_OutOfScopeHiddenAndAbsentAreOneAnswer", ""},
	UnknownPermits:      {inPolicy, "TestRule04UnknownPermitsNothingAndRestrictsAll", ""},
	UnknownLetsGo:       {inPolicy, "TestRule04UnknownPermitsNothingAndRestrictsAll", ""},
	UnlessAlwaysHolds:   {inPolicy, "TestRule14TheGlassIsOfItsTask", ""},
	OfIgnored:           {inTwin, n1, some},
	WithinIgnored:       {inPolicy, "TestRule07OfNarrows", ""},
	OnePatientSuffices:  {inTwin, n1, some},
	OnePatientRestricts: {inPolicy, "TestRule07SeveralPatients", ""},
	CallerFactsIgnored:  {inPolicy, "TestRule13Find", ""},
	ReadsUnchecked:      {inDoor, "TestFC01_SearchOnAHiddenElementRefused", ""},
	SortsUnchecked:      {inDoor, "TestFC08_SortRefused", ""},
	AskShown:            {inPolicy, "TestRule14Grants", ""},
	CeilingIgnored:      {inPolicy, "TestRule11CeilingOfAPartner", ""},
	ConflictKept:        {inPolicy, "TestRule02WhoHoldsRolesInConflictHoldsNeither", ""},
	PurposesJoined:      {inPolicy, "TestRule02WhichTasksSpeak", ""},
	ObligationsIgnored:  {inPolicy, "TestObligations", ""},

	EffectWithoutFacts:        {inPolicy, "TestG7_TheEffectOfAChangeIsSaid", ""},
	EffectWithoutMarks:        {inPolicy, "TestG7_TheEffectOfAChangeIsSaid", ""},
	EffectWithoutRestrictions: {inPolicy, "TestG7_TheEffectOfAChangeIsSaid", ""},
	EffectWithoutTerms:        {inPolicy, "TestG7_TheEffectOfAChangeIsSaid", ""},
	EffectWithoutHolds:        {inPolicy, "TestG7_WhoIsHeldBackByAnOverdueReviewIsNamed", ""},
	OwnChange:                 {inChange, "TestG7_NobodyApprovesTheirOwnChange", ""},
	OtherIdentity:             {inChange, "TestG7_NobodyApprovesTheirOwnChange", ""},
	ChangeSwapped:             {inChange, "TestG7_AYesIsToExactlyWhatWasSeen", ""},
	OwnGain:                   {inChange, "TestG7_WhoGainsNeedsAThirdPerson", ""},
	LentGain:                  {inChange, "TestG7_WhatIsLentIsGainedToo", ""},
	ProposerUnasked:           {inChange, "TestG7_WhoMayNotProposeAnyMoreHasProposedNothing", ""},
	UnnamedGain:               {inChange, "TestG7_WhatNamesNoRoleNeedsAThirdPerson", ""},
	RecipientsUnnamed:         {inPolicy, "TestG7_WhoReceivesWhatLeavesAtTheDeskIsNamedBesideRoles", ""},
	EffectUnseen:              {inChange, "TestG7_AYesCoversTheEffect", ""},
	EffectHidden:              {inConsole, "TestG7_ThePageShowsTheEffectBeforeTheYes", ""},
	KeysForgotten:             {inAPI, "TestD11_AnActUnderAKeyIsDoneOnceThoughTheProcessDies", ""},
	KeyLookedUpOnce:           {inAPI, "TestD11_AKeyThatWasKeptMeanwhileIsNotNew", ""},
	KeysUncounted:             {inAPI, "TestNobodyTakesTheRoomOfAllKeys", ""},
	FolderProposes:            {inChange, "TestG7_WhereTheFolderDecidesNothingIsProposed", ""},
	ChangesForAll:             {inAPI, "TestG7_WhoGovernsReadsChangesAndNobodyElse", ""},
	ChangeUnproved:            {inAPI, "TestG7_AYesAtTheAPINeedsAFreshProof", ""},
	RestartAdopts:             {inServe, "TestG7_WhatLiesInTheFolderWaits", ""},
	EarlierAtOnce:             {inServe, "TestG7_AnEarlierPolicyInTheFolderWaits", ""},
	LateSwap:                  {inServe, "TestG7_ASwapThatComesLatePutsNothingOlderInForce", ""},
	SwapTriedOnce:             {inServe, "TestG7_WhatIsOnRecordIsTakenUpAgain", ""},

	TokenForAnyTask:   {inGate, "TestK2_ATokenGivenForOneTaskServesNoOther", ""},
	TokenForEver:      {inTokens, "TestK2_ATokenEndsWithItsTimeAndNeverOutlivesIt", ""},
	LeaverLetIn:       {inTokens, "TestG6_WhoeverLeftIsRefusedAtTheNextRequestWhoeverMadeTheToken", ""},
	OwnerUnasked:      {inTokens, "TestK2_ATokenDiesWithWhatItRestsOn", ""},
	NetworkIgnored:    {inTokens, "TestK2_AProgramAsksFromWhereItMay", ""},
	KeyForEver:        {inTokens, "TestK2_ATokenDiesWithWhatItRestsOn", ""},
	AudienceIgnored:   {inTokens, "TestK2_EveryBadAssertionGetsOneAnswer", ""},
	RatesShared:       {inTokens, "TestK2_AFloodOfAddressesLocksNoProgramOut", ""},
	AddressesEach:     {inTokens, "TestK2_OneHouseholdIsOneNetwork", ""},
	AssertionReplayed: {inTokens, "TestK2_AnAssertionIsUsedOnceAcrossRestarts", ""},
	CodeTwice:         {inTokens, "TestK2_ACodeIsGoodOnceForWhoeverAskedAndSoon", ""},
	ChallengeIgnored:  {inTokens, "TestK2_ACodeIsGoodOnceForWhoeverAskedAndSoon", ""},
	LeaverArrives:     {inPeople, "TestG6_AnIssuersWordBringsNobodyBack", ""},
	IssuerGivesRights: {inPeople, "TestG9_AnIssuersWordGivesOrdinaryRolesAndProposesTheOthers", ""},
	StateIgnored:      {inSignIn, "TestC1_AnAnswerCountsOnceInTheBrowserThatAsked", ""},
	NonceIgnored:      {inSignIn, "TestK2_AnIDTokenThatIsNotWhatItShouldBeSignsNobodyIn", ""},
	WeakStepsUp:       {inSignIn, "TestStepUpComparesWhatTheProviderSaysWasDone", ""},
	OtherStepsUp:      {inSignIn, "TestG1_SomebodyElsesProofIsNotThePersonsOfTheSession", ""},
	LogoutReplayed:    {inSignIn, "TestK2_ALogOutTokenCountsOnce", ""},
	LogoutUnread:      {inSignIn, "TestG3_ALogOutAtTheProviderEndsTheSessionBeforeItsAnswer", ""},

	OwnApproved:        {inAccess, "TestG1_NobodyApprovesWhatBenefitsThemselves", ""},
	OneApproverTwice:   {inAccess, "TestG1_ApproversOfOneGrantAreDifferentPeople", ""},
	ProgramsApprove:    {inAccess, "TestG8_AProgramAsksForNothingApprovesNothingAndBreaksNoGlass", ""},
	ProgramsAsk:        {inAccess, "TestG8_AProgramAsksForNothingApprovesNothingAndBreaksNoGlass", ""},
	DigestUnread:       {inAccess, "TestG2_AnApprovalIsOfExactlyWhatWasAskedAndCountsOnce", ""},
	AnswersKept:        {inAccess, "TestG2_AYesCountsOnlyWhileItsRightLasts", ""},
	ReasonUnread:       {inAccess, "TestAReasonSaysSomething", ""},
	LentForEver:        {inAccess, "TestAskingIsRefusedWithEverythingThatIsWrong", ""},
	StartIgnored:       {inAccess, "TestAGrantBeginsLaterAndItsLengthCountsFromThere", ""},
	EndIgnored:         {inAccess, "TestALendIsAskedApprovedUsedAndOver", ""},
	ClockBelieved:      {inAccess, "TestG4_AGrantNeverOutlivesItsEndWhicheverClockMoves", ""},
	WallClockOnly:      {inAccess, "TestG4_AGrantNeverOutlivesItsEndWhicheverClockMoves", ""},
	BoundIgnored:       {inAccess, "TestAReasonsReferenceIsProvedByFactsAndTheGrantEndsWithIt", ""},
	GlassUncapped:      {inAccess, "TestG5_AGlassIsForOnePatientShortCappedAndTold", ""},
	LoanOfAnybody:      {inGate, "TestRule14_ALentLineCountsForItsPatientsUntilItsEnd", ""},
	LooseForgotten:     {inAccess, "TestG3_ALooseGlassThatIsTakenAwayWhileASweepKeepsItStaysTakenAway", ""},
	LoanUnrecorded:     {inGate, "TestL1_WhatIsLentForAnotherPatientThanTheNamedDoesNotCount", ""},
	TokenBreaksGlass:   {inDoor, "TestG5_ATokensPurposeBreaksNoGlass", ""},
	LentPastToken:      {inAPI, "TestG8_ADoorLendsToAPersonForTheTaskOfTheirTokenAlone", ""},
	ApplicationActs:    {inAPI, "TestG8_AnApplicationsTokenAsksForNothingAndDecidesNothing", ""},
	LookedUnsaid:       {inAPI, "TestL2_ALookThatADutyGuardsIsRefusedOnRecord", ""},
	OtherTaskUnsaid:    {inAPI, "TestL2_WhatATokenIsTriedForBeyondItsTaskIsOnRecord", ""},
	TriedUnsaid:        {inAPI, "TestL2_WhatIsTriedInVainBeforeItBeginsIsOnRecord", ""},
	GlassForAll:        {inGate, "TestG5_ABrokenGlassShowsItsPatientAndNeverTheAbsolute", ""},
	LoansJoined:        {inGate, "TestRule14_AnExceptionIsOneMoreLineAndTwoAreNotJoined", ""},
	RevokedLends:       {inAccess, "TestG3_AfterARevocationNothingIsLent", ""},
	LentToLeavers:      {inAccess, "TestG3_ALeaverHoldsAndAsksNothing", ""},
	HeldWhoeverItIs:    {inAccess, "TestG5_AnOverdueReviewHoldsBackTheRolesThatThePolicyNames", ""},
	OverdueUnheld:      {inAccess, "TestG5_AGlassIsReviewedBySomebodyIndependentAndAnOverdueOneHoldsBackTheNext", ""},
	GlassUntold:        {inAccess, "TestG5_AGlassIsForOnePatientShortCappedAndTold", ""},
	ProofOutlivesGrant: {inGate, "TestG3_AReferenceToWhatWasShownUnderAGrantIsLeftOutAfterIt", ""},
	OwnReviewed:        {inAccess, "TestG5_AGlassIsReviewedBySomebodyIndependentAndAnOverdueOneHoldsBackTheNext", ""},

	CriteriaUnchecked: {inDoor, "TestF2_ARecordWhoseViewDoesNotKeepWhatTheCriteriaReadIsDropped", ""},
	HiddenNumberFits:  {inDoor, "TestF2_ARecordWhoseViewDoesNotKeepWhatTheCriteriaReadIsDropped", ""},
	HiddenTargetFits:  {inDoor, "TestF2_AReferenceIsACriterionOnlyWhereItsTargetWasShown", ""},
	LinkedFits:        {inDoor, "TestF2_ALinkIsACriterionOnlyWhereItsTargetWasShown", ""},
	StrangerAdmitted:  {inGate, "TestJudge_WhatHidesARecordIsSaidInOneWord", ""},
	AppendNotAwaited:  {inDoor, "TestL1_NothingLeavesWithoutItsRecord", ""},
	OpenedLeftOut:     {inGate, "TestL1_CommitWaitsForWhatTheDecisionDoesNotName", ""},
	OutcomeLeftOut:    {inDoor, "TestL2_EveryRequestHasADecision", ""},
	RefusalLeftOut:    {inDoor, "TestL2_EveryRequestHasADecision", ""},
	AnyTargetProven:   {inDoor, "TestFC23_HiddenTargetsThroughTheDoor", ""},
	ProofForAll:       {inGate, "TestProofs_AReferenceIsKeptWhereItsTargetWasShownAShortWhileAgo", ""},
	FindShowsAll:      {inDoor, "TestFindAnswersWithTheFewestWhoFit", ""},
	FindByHidden:      {inDoor, "TestFindAnswersWithTheFewestWhoFit", ""},
	FoundForEver:      {inDoor, "TestAFoundPatientOpensAfterTheLookUpAndNotBefore", ""},
	LimitsIgnored:     {inGate, "TestRule17_PatientsAreCountedOnceOverWhatWasShown", ""},
	EnforcedObserved:  {inObserve, "TestObserveKeepsEnforcedRoles", ""},
	LossLeftOut:       {inObserve, "TestObserveReportIsTheDifference", ""},
	StaleHolds:        {inFacts, "TestRule04_PermitsWhileFreshRestrictsForEver", ""},
	ScopesOfAnybody:   {inDoor, "TestRule11_GranularScopesTakeAwayExactly", ""},
	ScopeQueryIgnored: {inDoor, "TestRule11_GranularScopesTakeAwayExactly", ""},
	ScopeReadsHidden:  {inDoor, "TestRule11_AScopeReadsOnlyWhatTheViewKeeps", ""},
	CarriedIgnored:    {inGate, "TestOverlaysFollowReferences", ""},
	CarriedOneHop:     {inGate, "TestOverlaysFollowReferences", ""},
	ElsewhereIsClean:  {inGate, "TestD6_WhatCannotBeLookedUpMayBeAnything", ""},
	ObligationsUntold: {inDoor, "TestSampleRestrictionsBiteByLabelAndReference", ""},
	ScopesOpen:        {inTwin, "TestRule11_ScopesNeverOpen", ""},
	ProofBeyondScopes: {inDoor, "TestRule11_ApplicationsProveNothingToEachOther", ""},

	TotalOfUpstream:        {inDoor, "TestF4_TotalCountsWhatShows", ""},
	CountOfUpstream:        {inDoor, "TestFC32_CountIsOurs", ""},
	NextOfUpstream:         {inDoor, "TestF5_NextLeadsToMore", ""},
	TagOfVersion:           {inDoor, "TestF6_ETagFollowsWhatShows", ""},
	CursorForAnybody:       {inDoor, "TestD10_ACursorThatDoesNotFitIsOneAnswer", ""},
	CursorForEver:          {inDoor, "TestD10_ACursorThatDoesNotFitIsOneAnswer", ""},
	CursorOutlives:         {inServe, "TestG6_ALeaverWhoComesBackBeginsAnew", ""},
	CursorOutlivesPolicy:   {inDoor, "TestD10_AnotherPolicyEndsCursors", ""},
	PageNotJudged:          {inDoor, "TestD9_EachPageDecidesAgain", ""},
	RoomNotEmptied:         {inDoor, "TestN1_ARequestFindsNothingOfTheOneBefore", ""},
	OtherRecordAccepted:    {inDoor, "TestF9_WhatTheUpstreamMayNotAnswer", ""},
	OtherTypeAccepted:      {inDoor, "TestF9_WhatTheUpstreamMayNotAnswer", ""},
	OtherPatientAccepted:   {inDoor, "TestT7_AnotherPatientsRecordInThePageIsNotThere", ""},
	VersionsShown:          {inDoor, "TestFC36_VersionsOnlyWhereMetadataShows", ""},
	VersionAlone:           {inDoor, "TestFC36_TheStrictestOfVersionAndCurrentState", ""},
	CurrentAlone:           {inDoor, "TestFC36_TheStrictestOfVersionAndCurrentState", ""},
	HandlesUnchecked:       {inDoor, "TestFC27_OtherRecordsThatNameABinary", ""},
	ContentOfAnybody:       {inDoor, "TestFC27_ABinaryThatBelongsElsewhere", ""},
	ConditionTold:          {inDoor, "TestFC14_ConditionsAreJudgedByOurOwnTag", ""},
	EntryForAnybody:        {inDoor, "TestFC39_EachEntryIsAnsweredAsIfAlone", ""},
	PartsWritten:           {inDoor, "TestFC39_ATransactionWritesAllOrNothing", ""},
	EntriesShown:           {inDoor, "TestFC39_ATransactionIsAnsweredWholeOrNotAtAll", ""},
	RefusalTold:            {inDoor, "TestN4_OutOfScopeHiddenAndAbsentAreOneAnswer", ""},
	FindCountsHidden:       {inDoor, "TestFindCountsAfterRestrictions", ""},
	ChunksStayOpen:         {inDoor, "TestFC49_NoRequestHidesInAnother", ""},
	WaitsForAnybody:        {inConsole, "TestHomeSaysThatARightWaits", ""},
	StepsForAnybody:        {inConsole, "TestStepsAreForWhoRunsPeople", ""},
	SourcesForAnybody:      {inConsole, "TestNobodyIsLedToAPageThatIsNotTheirs", ""},
	UnsaidOverclaims:       {inReach, "TestASourceIsNotSaidToHideMoreThanItHides", ""},
	SilenceUnsaid:          {inReach, "TestASourceThatNeverSaidAllHidesEverybody", ""},
	GlassesForAnybody:      {inConsole, "TestReviewsTellHowOftenTheGlassWasBroken", ""},
	PageForAnybody:         {inConsole, "TestC1_APostChecksWhoAndHowLately", ""},
	PostUnproved:           {inConsole, "TestC1_APostChecksWhoAndHowLately", ""},
	GetChanges:             {inConsole, "TestC1_NothingChangesByGet", ""},
	FormForAnybody:         {inConsole, "TestFormIsKeptOverAProof", ""},
	CellRuns:               {inConsole, "TestC2_NoCellRunsInASpreadsheet", ""},
	GuessedShows:           {inConsole, "TestC1_AGuessedIdIsOneThatIsNotThere", ""},
	ProgramOfOthers:        {inConsole, "TestC1_AProgramOfOthersIsNotThere", ""},
	SessionOutlives:        {inConsole, "TestViewerIsWhatSessionAndDirectorySayNow", ""},
	ProgramGuessed:         {inAPI, "TestG8_AProgramIsChangedByWhoMay", ""},
	SeeAsUnrecorded:        {inConsole, "TestL1_SeeingAsAnotherIsOnRecordFirst", ""},
	SeeAsUpstream:          {inServe, "TestN4_SeeAsReadsAPatientAsTheViewersOwnRequest", ""},
	SeenPastToken:          {inServe, "TestG3_OnesOwnViewEndsWithWhatItIsAskedWith", ""},
	SeeAsOfBefore:          {inServe, "TestN4_SeeAsGoesByWhatTheViewerHoldsNow", ""},
	ReadUnsaid:             {inConsole, "TestL2_WhoReadsTheRecordIsOnRecordFirst", ""},
	ReadUnkept:             {inConsole, "TestL1_NothingOfTheRecordIsShownToWhoCannotBeRecorded", ""},
	PatientAddressed:       {inConsole, "TestC1_NoPatientStandsInAnAddressOfTheRecord", ""},
	FileHeld:               {inConsole, "TestAFileOfTheRecordLeavesWhileItIsFound", ""},
	FileUnending:           {inConsole, "TestAFileOfTheRecordEndsWithItsReader", ""},
	FileOutlives:           {inConsole, "TestG3_AFileOfTheRecordEndsWithTheDuty", ""},
	FileNeatly:             {inConsole, "TestAFileOfTheRecordNeverEndsNeatlyShort", ""},
	DutyUnasked:            {inAPI, "TestC1_WhatADutyOpensIsClosedToOthers", ""},
	ReadTwiceUnsaid:        {inAPI, "TestL2_EveryReadingOfTheRecordIsOnRecordFirst", ""},
	SessionOfOthers:        {inAPI, "TestG3_ASessionIsEndedByItsOwnPersonOrWithAProof", ""},
	LookUnrecorded:         {inReach, "TestL1_ALookIsOnRecordBeforeItIsAnswered", ""},
	ReachTellsRestrictions: {inReach, "TestN4_ALookTellsNothingOfRestrictions", ""},
	ReachTellsMissing:      {inReach, "TestN4_OutOfReachIsOneAnswer", ""},

	PathMended:       {inServe, "TestFC48_TheWholeServerMendsNoPath", ""},
	ScopesIgnored:    {inDoor, "TestR2_ScopesTakeAway", ""},
	ModifiersAllowed: {inDoor, "TestFC02_ModifiersRefused", ""},
	MalformedDropped: {inDoor, "TestFC01_SearchOnAHiddenElementRefused", ""},

	StreamOutlivesRight: {inGate, "TestD9_ALongAnswerIsDecidedAgain", ""},
	ExpiryNotWatched:    {inGate, "TestG3_WhatEndsCutsOffWhatIsUnderWay", ""},
	WindowsByHidden:     {inDoor, "TestN1_WindowsFollowWhatShows", ""},
	WindowUnrecorded:    {inDoor, "TestL1_AWindowLeavesAfterItsRecord", ""},
	PolicyNotTold:       {inGate, "TestG3_WhatEndsCutsOffWhatIsUnderWay", ""},
	FactsNotWatched:     {inGate, "TestG3_WhatFactsNoLongerAllowIsCutOff", ""},
	CutForgotten:        {inGate, "TestG3_WhatHasEndedIsNotWatched", ""},
	CutOnce:             {inGate, "TestG3_WhoIsCutAgainIsNotForgottenWithTheFirstTime", ""},
	LeavesUnlooked:      {inGate, "TestG3_WhatIsCommittedIsLookedAtFromThenOn", ""},
	TokenNotTold:        {inTokens, "TestG3_AnEndedTokenIsRefusedAtTheNextRequest", ""},
	KeyNotTold:          {inPeople, "TestG3_WhatTakesAwayFromPeopleAndProgramsCutsOff", ""},
	OwnNotTold:          {inPeople, "TestG3_WhatTakesAwayFromPeopleAndProgramsCutsOff", ""},
	RoleNotTimed:        {inTokens, "TestG3_WhatACallerRestsOnIsSaid", ""},
	SlowHoldAll:         {inUpstream, "TestFC51_SlowReadersKeepNobodyElseFromAsking", ""},
	PlacesForOne:        {inShare, "TestFC51_OneCallerLeavesPlacesForOthers", ""},
	FirstComeServed:     {inShare, "TestFC51_APlaceGoesToWhoHoldsFewest", ""},
	AskedForNobody:      {inDoor, "TestFC51_OneCallersRequestsLeavePlacesForOthers", ""},
	CutLate:             {inDoor, "TestG3_NothingIsWrittenOnceAnEndIsAcknowledged", ""},
	BehindUnseen:        {inUpstream, "TestFC49_NoAnswerIsTakenForAnother", ""},
	AnswerOfAnother:     {inUpstream, "TestFC49_NoAnswerIsTakenForAnotherLater", ""},
	FramedTwice:         {inUpstream, "TestFC49_AnAnswerIsFramedInOneWay", ""},
	ChunksWithoutEnd:    {inUpstream, "TestFC51_ChunksBringMoreThanTheirFraming", ""},
	BodyAfterNone:       {inUpstream, "TestFC49_NoAnswerIsTakenForAnother", ""},
	GoneUnrecorded:      {inStore, "TestL1_AnEntryUnderWayIsDurableWhenItsWaitSaysSo", ""},
	SegmentHalfSeen:     {inStore, "TestASegmentThatWasNotSeenWholeIsRead", ""},
	NamesForgotten:      {inStore, "TestWhatTheIndexLacksIsReadAgain", ""},
	RowLookedOnce:       {inStore, "TestASearchForARareNamePauses", ""},
	TileFromMiddle:      {inStore, "TestWhatIsPublishedFromMemoryIsWhatLiesInTheDatabase", ""},
	FarForgotten:        {inStore, "TestAnEntryIsFoundByItsIDWhereverItLies", ""},
	SheafHalfKept:       {inStore, "TestSheavesHoldEachEntryOnce", ""},
	GapMoved:            {inStore, "TestL3_ADatabaseOfRowsWithAGapIsNotMoved", ""},
	JournalUnsynced:     {inStore, "TestL1_AJournalThatNobodySyncsIsDurableOnceWritten", ""},
	ActOfAnyID:          {inStore, "TestContract", ""},

	SecondIsFirst:      {inPeople, "TestG9_ARightOverOthersNeedsASecondPerson", ""},
	RightsUnagreed:     {inPeople, "TestG9_WhatOneGivesOneselfWaitsWhateverItIs", ""},
	GroupGivesAll:      {inPeople, "TestG9_ProvisioningGivesOrdinaryRolesAndProposesTheOthers", ""},
	DutiesTogether:     {inPeople, "TestG9_WhoWatchesIsNotWhoIsWatched", ""},
	EntrustedOpens:     {inPeople, "TestG9_WhoIsLeftToProvisioningIsNotOpenedToTheirName", ""},
	IdentityStripped:   {inPeople, "TestT8_WhoComesBackIsWhoTheyWere", ""},
	IdentityOfTwo:      {inPeople, "TestG9_AnIdentityIsOneHumanBeings", ""},
	IdentityElsewhere:  {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	IdentityParted:     {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	IdentityTakenAlone: {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	IdentityOfBoth:     {inPeople, "TestT8_AnIdentityOfTwoIsNobodys", ""},
	PairWaits:          {inPeople, "TestT8_WhereNobodyIsLeftToBeTheSecondOneTakesAnIdentityAway", ""},
	PartUntimed:        {inPeople, "TestT8_WhereNobodyIsLeftToBeTheSecondOneTakesAnIdentityAway", ""},
	EntrustedAnyway:    {inPeople, "TestG9_APageLeftToProvisioningEarlierIsSaidToBeOurs", ""},
	LeaverUnlinked:     {inPeople, "TestG1_WhoSharedAnAddressStaysOneWhenTheyLeave", ""},
	EntrustedUnsaid:    {inPeople, "TestG9_APageLeftToProvisioningEarlierIsSaidToBeOurs", ""},
	NameOfTwo:          {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	NameGivenUp:        {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	ExternalOfTwo:      {inPeople, "TestT8_AnIdentityIsOnePersons", ""},
	LeaverKeeps:        {inPeople, "TestG6_ALeaverLosesEverythingInOneChange", ""},
	LeaverUntold:       {inServe, "TestG6_ALeaverWhoComesBackBeginsAnew", ""},
	LeaversPrograms:    {inPeople, "TestG6_ALeaverLosesEverythingInOneChange", ""},
	NameGivenAgain:     {inPeople, "TestG6_AnIdentifierIsNeverUsedTwice", ""},
	ProgramWidens:      {inPeople, "TestG8_AProgramChangesNothingThatProgramsMayDo", ""},
	MoverKeeps:         {inPeople, "TestG6_AMoverLosesWhatTheOldPlaceGave", ""},

	OwnGiftCounts:    {inPeople, "TestG9_WhatOneGivesOneselfWaitsWhateverItIs", ""},
	LinksIgnored:     {inPeople, "TestG1_NobodyIsTheirOwnApprover", ""},
	ManagerNamed:     {inPeople, "TestApproversOfADepartmentAndManagers", ""},
	DeptIgnored:      {inPeople, "TestApproversOfADepartmentAndManagers", ""},
	HeldForEver:      {inPeople, "TestWhatIsHeldForAWhileEndsAndUncertainTimeGivesNothing", ""},
	UncertainBelieve: {inPeople, "TestD11_WhileItIsNotKnownWhatWasKeptNobodyIsActive", ""},
	PlacesOneself:    {inPeople, "TestNobodyPlacesThemselves", ""},
	WidensOwn:        {inPeople, "TestG8_AnOwnerNarrowsAndAnotherWidens", ""},
	RefusalUnsaid:    {inPeople, "TestL2_RefusalsOfTheDirectoryAreRecorded", ""},
	ClientSeesAll:    {inSCIM, "TestT8_ProvisioningReachesNobodyOfTheHouse", ""},
	AnyClient:        {inSCIM, "TestWhoHasNoTokenLearnsNothing", ""},
	VersionOfAnybody: {inPeople, "TestAChangeRestsOnTheRevisionThatItWasMadeFrom", ""},
	BroughtBack:      {inPeople, "TestG6_ALeaverComesBackWithNothingButWhatGroupsGive", ""},

	StageForAll:        {inSignIn, "TestTheDemosWayInIsShutEverywhereElse", ""},
	StageFar:           {inServe, "TestTheDemosWayInIsForThisMachine", ""},
	SessionForEver:     {inSignIn, "TestASessionEndsWhenItIsIdleAndWhenItIsTooLong", ""},
	AnySessionEnded:    {inSignIn, "TestWhoMayEndASession", ""},
	IdleForgotten:      {inSignIn, "TestG3_AnIdleSessionIsStillThereToBeEnded", ""},
	LeaverStays:        {inSignIn, "TestG6_WhoIsMadeInactiveLosesEverySessionInThatChange", ""},
	ProofForEver:       {inSignIn, "TestC1_AProofAges", ""},
	AnySiteMayPost:     {inSignIn, "TestC1_NothingIsChangedThatAnotherSiteSent", ""},
	OldSessionStays:    {inSignIn, "TestC1_SigningInGivesANewTokenAndEndsTheOldOne", ""},
	TokenKept:          {inSignIn, "TestC1_AProofGivesANewTokenAndTheOldOneOpensNothing", ""},
	UserUnverified:     {inSignIn, "TestAPasskeyThatNobodyUnlockedIsRefused", ""},
	CountIgnored:       {inSignIn, "TestAPasskeyWhoseCountWentBackIsRefusedAndTold", ""},
	LastWayRemoved:     {inSignIn, "TestTheLastWayInStays", ""},
	GuessesUnlimited:   {inSignIn, "TestWhoGuessesWaitsAndIsTold", ""},
	DeviceUnknown:      {inSignIn, "TestNobodyKeepsSomebodyElseOut", ""},
	AnyDeviceKnown:     {inSignIn, "TestADeviceIsKnownForWhoSignedInAtIt", ""},
	PlacesUnlimited:    {inSignIn, "TestManyPlacesTogetherWait", ""},
	NameWaits:          {inSignIn, "TestManyPlacesTogetherWait", ""},
	CodesUnlimited:     {inSignIn, "TestACodeIsNotGuessedFromEverywhere", ""},
	OneLineForAll:      {inSignIn, "TestAFloodOfWrongNamesKeepsNobodyWaiting", ""},
	KnownInLine:        {inSignIn, "TestAFloodOfWrongNamesKeepsNobodyWaiting", ""},
	UnjudgedCounts:     {inSignIn, "TestWhoIsSentAwayUnjudgedIsNotCounted", ""},
	CrowdUnsaid:        {inSignIn, "TestManyPlacesTogetherWait", ""},
	EndedGoesOn:        {inConsole, "TestViewerIsWhatSessionAndDirectorySayNow", ""},
	TriesAsSpelled:     {inSignIn, "TestASpellingIsNoOtherName", ""},
	SpareWaits:         {inSignIn, "TestNobodyKeepsSomebodyElseOut", ""},
	ToldEachTry:        {inSignIn, "TestWhoIsGuessedAtIsToldOnceADay", ""},
	NeighbourTold:      {inSignIn, "TestNobodyIsToldOfWhatNeighboursMistyped", ""},
	TellLost:           {inSignIn, "TestWhoIsGuessedAtIsToldAlthough", ""},
	RegisteredUnseen:   {inSignIn, "TestWhoRegisteredNothingIsNotToldThatTheyDid", ""},
	TriesForgotten:     {inSignIn, "TestWrongTriesOutliveARestart", ""},
	JunkRecorded:       {inSignIn, "TestWhatIsNoPasskeyFillsNoRecord", ""},
	CodeAlone:          {inSignIn, "TestNoPasswordAloneAndNoCodeAlone", ""},
	OTPTwice:           {inSignIn, "TestACodeIsTakenOnce", ""},
	SpareTwice:         {inSignIn, "TestARecoveryCodeIsTakenOnceAlsoByTwoAtOnce", ""},
	OwnInvitation:      {inSignIn, "TestG9_AnInvitationIntoRightsNeedsASecondPerson", ""},
	SecondIgnored:      {inSignIn, "TestG9_AnInvitationIntoRightsNeedsASecondPerson", ""},
	AnybodyIsOwner:     {inSignIn, "TestPeopleFromElsewhereDoNotKeepTheFirstOwnerOut", ""},
	OwnerTakenOver:     {inSignIn, "TestWhoIsOwnerBySomebodysWordClosesTheLink", ""},
	FirstTwice:         {inPeople, "TestTheFirstIsWhoeverFirstRunsPeople", ""},
	OwnerLinkTwice:     {inSignIn, "TestWhereNobodyRunsPeopleAnyMoreTheNextStartMakesALink", ""},
	SecondAskedOnce:    {inSignIn, "TestG9_AnInvitationAsksForASecondPersonAgainWhenItIsUsed", ""},
	RolesUncounted:     {inSignIn, "TestG9_WhoHasSomethingToLoseIsInvitedByTwo", ""},
	ElsewhereUncounted: {inSignIn, "TestG9_WhoHasSomethingToLoseIsInvitedByTwo", ""},
	AnybodyInvites:     {inSignIn, "TestOnlyWhoRunsPeopleInvites", ""},
	InviteTwice:        {inSignIn, "TestAnInvitationThatWasAgreedToWorksOnce", ""},
	TicketTwice:        {inSignIn, "TestARecoveryCodeRegistersOnePasskey", ""},
	DecidersWritten:    {inDoor, "TestF10_WhoDependsOnARecordDoesNotMakeIt", ""},
	WriteNotAwaited:    {inDoor, "TestL1_NothingIsWrittenWithoutItsRecord", ""},
	UnwritableTaken:    {inDoor, "TestF8_ANewRecordHoldsWhatItsMakerMayWriteAndNothingElse", ""},
	TargetsUnproven:    {inDoor, "TestN4_WritingTellsNothingOfWhatIsHidden", ""},
	BaseUnchecked:      {inDoor, "TestFC52_AChangeSaysOnWhatItRests", ""},
	VersionUnchecked:   {inDoor, "TestFC52_WhoChangesMeanwhile", ""},
	WriteRepeated:      {inDoor, "TestACreateSentAgainIsNotDoneTwice", ""},
	WriterShownAll:     {inDoor, "TestRule12_CreateShowsItsMakerNoMoreThanARead", ""},
	MatchOfHidden:      {inDoor, "TestFC12_AConditionalCreateSeesWhatASearchShows", ""},
	UnknownAsRefused:   {inDoor, "TestFC41_NothingOfTheUpstreamsWordsAboutAWrite", ""},

	ChartUnderOneDecision:   {inDoor, "TestFC37_EachTypeOfAChartIsDecidedByItself", ""},
	ComparedByHidden:        {inDoor, "TestFC37_TheLatestAreChosenAmongWhatShows", ""},
	ChainUnjudged:           {inDoor, "TestFC04_ChainsRefused", ""},
	PassageMoves:            {inDoor, "TestN1_ASearchThatLeadsElsewhereBetweenPagesBeginsAnew", ""},
	PassedThroughHidden:     {inDoor, "TestFC05_NoReverseChainPassesThroughTheHidden", ""},
	CompartmentUnjudged:     {inDoor, "TestFC10_ACompartmentIsItsPlainSearchesTogether", ""},
	HiddenReferenceFollowed: {inDoor, "TestFC34_NoReferenceThatIsHiddenIsFollowed", ""},
	IncludedCounted:         {inDoor, "TestFC34_WhatMatchesReferToStandsBesideThem", ""},

	NarrativeKept:        {inDoor, "TestFC21_NarrativeThroughTheDoor", ""},
	DisplayKept:          {inDoor, "TestFC22_DisplayOfReferencesThroughTheDoor", ""},
	TargetsKept:          {inDoor, "TestFC23_HiddenTargetsThroughTheDoor", ""},
	ExtensionsKept:       {inDoor, "TestFC20_ExtensionsThroughTheDoor", ""},
	SiblingsKept:         {inDoor, "TestFC18_SiblingsThroughTheDoor", ""},
	VendorKept:           {inDoor, "TestFC17_UnknownElementsThroughTheDoor", ""},
	MetaKept:             {inDoor, "TestFC09_MetadataThroughTheDoor", ""},
	ContainedKept:        {inFHIRJSON, "TestFC24_ContainedResourcesByTheirOwnRules", ""},
	ModifierIgnored:      {inDoor, "TestFC20_ExtensionsThroughTheDoor", ""},
	MaskTellsValue:       {inDoor, "TestF7_AMaskDoesNotTellWhetherThereIsAValue", ""},
	MaskAsKeep:           {inDoor, "TestF7_AMaskDoesNotTellWhetherThereIsAValue", ""},
	CoarseKeepsDay:       {inDoor, "TestF7_AMaskDoesNotTellWhetherThereIsAValue", ""},
	AgeShown:             {inFHIRJSON, "TestReducedValuesShowNoMoreThanTheyMay", ""},
	Last4OfShort:         {inFHIRJSON, "TestReducedValuesShowNoMoreThanTheyMay", ""},
	LabelsIgnored:        {inTwin, n1, some},
	CodesIgnored:         {inDoor, "TestN4_OutOfScopeHiddenAndAbsentAreOneAnswer", ""},
	NumbersAlike:         {inDoor, "TestF2_ARecordWhoseViewDoesNotKeepWhatTheCriteriaReadIsDropped", ""},
	SecondPatientIgnored: {inTwin, n1, some},
	DuplicatesAccepted:   {inDoor, "TestFC47_QuirksOfJSONThroughTheDoor", ""},
	TypeRetraced:         {inFHIRJSON, "TestFC47_RetracedIsReadAlike", ""},
	ClassRetraced:        {inFHIRJSON, "TestN1_BuiltAlikeIsWrittenAlike", ""},
	ReferenceRetraced:    {inFHIRJSON, "TestN1_BuiltAlikeIsWrittenAlike", ""},
	ValueRetraced:        {inFHIRJSON, "TestN1_BuiltAlikeIsWrittenAlike", ""},
	MarkRetraced:         {inFHIRJSON, "TestF7_AMarkInARecordBuiltAlike", ""},
	MouldKeepsValues:     {inFHIRJSON, "TestN1_AMouldHoldsNoValues", ""},

	HiddenDropped:    {inMerge, "TestF8_WhatIsHiddenStays", ""},
	AnchorsLost:      {inMerge, "TestF8_WhatIsHiddenStays", ""},
	UnwritableMerged: {inMerge, "TestF8_WhatMayNotBeWrittenIsRefused", ""},
	MarksLost:        {inMerge, "TestF8_WhatMayNotBeWrittenIsRefused", ""},
	FrozenMerged:     {inMerge, "TestF10_WhatAccessIsDecidedByIsNotMerged", ""},
	RemovalUnchecked: {inMerge, "TestF8_WhatMayNotBeWrittenIsRefused", ""},
	ResultUnlooked:   {inMerge, "TestF8_WhatMayNotBeWrittenIsRefused", ""},
	KindChanged:      {inMerge, "TestF10_WhatAccessIsDecidedByIsNotMerged", ""},
	ReferenceLaid:    {inMerge, "TestFC52_TheVerdictTellsNothingHidden", ""},
	PathsUnbounded:   {inMerge, "TestFC51_PathsLookAtSoMuch", ""},
	ObjectsUnbounded: {inMerge, "TestFC51_APatchHasObjectsAsRecordsHave", ""},

	ToldTwice:       {inNotice, "TestNobodyIsToldTwice", ""},
	NoticeOfAnybody: {inNotice, "TestTheNoticeOfAnotherIsNotThere", ""},
	UrgentWaits:     {inNotice, "TestUrgentMailWaitsForNothing", ""},
	SentAgain:       {inNotice, "TestWhatTheServerTookIsNeverSentAgain", ""},
	SettledMailed:   {inNotice, "TestNobodyIsMailedAboutWhatNoLongerConcernsThem", ""},
	CopyUnknown:     {inNotice, "TestACopyAfterACrashHasTheSameMessageID", ""},
	CallUnsigned:    {inNotice, "TestTheSignatureIsThatOfStandardWebhooks", ""},
	DialledAnywhere: {inNotice, "TestO1_NothingIsDialledButWhatIsConfigured", ""},

	SpoolTakesAll:     {inSpool, "TestL1_OnlyABrokenGlassGoesOnWithoutTheRecord", ""},
	SpoolUnbounded:    {inSpool, "TestL1_AFullSpoolRefuses", ""},
	SpoolUnsynced:     {inSpool, "TestL1_AnEntryIsOnTheDiskBeforeItIsTaken", ""},
	SpoolUnchained:    {inSpool, "TestAChangedSpoolIsToldOfAndPutAside", ""},
	SecretShown:       {inConfig, "TestD14_NoSecretIsAmongTheSettings", ""},
	TokenOfOthers:     {inConsole, "TestG3_ATokenIsEndedByItsOwnPersonAlone", ""},
	ProviderStays:     {inSignIn, "TestG3_SigningOutHereLeadsOnToTheProvider", ""},
	IdentityIgnored:   {inPeople, "TestT8_AnIssuersWordIsForTheIdentityThatWasAgreedTo", ""},
	IdentityAskedOnce: {inSignIn, "TestT8_ASessionEndsWithTheIdentityThatItRestsOn", ""},
	LocalNameTaken:    {inSignIn, "TestT8_ANameAtTheProviderIsNotSomebodyWhoIsKeptHere", ""},
	EmergencyIsDown:   {inHealth, "TestL1_AnEmergencyKeepsItsDoor", ""},
	SpoolUncleared:    {inSpool, "TestL1_WhatIsInTheSpoolReachesTheRecordInItsOrder", ""},
	SpoolSilent:       {inSpool, "TestAChangedSpoolIsToldOfAndPutAside", ""},
	SpoolToldOnce:     {inSpool, "TestL1_WhatCameAfterABlindTellingIsToldToo", ""},
}

// off are tests that must fail where enforcement is off (design 11, red first).
var off = []killer{
	{inTwin, n1, "1"},
	{inTwin, "TestN1_TwinWorldsTakeWritesAlike", "1"},
	{inTwin, "TestN1_TwinWorldsOfDocumentsAnswerAlike", "8"},
	{inDoor, "TestN1_TwinsAnswerAlikeOverAllPages", ""},
	{inCommand, "TestSelfTestIsGreenWhereTheGateEnforces", ""},
	{inFHIRJSON, "TestFC17_WhatTheCatalogDoesNotKnowIsDropped|TestFC21_NarrativeIsDropped|TestFC24_ContainedResourcesByTheirOwnRules", ""},
}

// laboratory holds the test binaries built with the tag.
type laboratory struct {
	root, dir string
}

func build(t *testing.T) *laboratory {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the binaries of the planted faults are not built")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	l := &laboratory{root: root, dir: t.TempDir()}
	for _, pkg := range packages() {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-tags", "leaktest", "-c", "-o", l.binary(pkg), "./"+pkg)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build the tests of %s: %v\n%s", pkg, err, out)
		}
	}
	return l
}

// packages are those of the tests that are to find a fault.
func packages() []string {
	named := map[string]bool{}
	for _, k := range slices.Concat(slices.Collect(maps.Values(killers)), off) {
		named[k.pkg] = true
	}
	return slices.Sorted(maps.Keys(named))
}

func (l *laboratory) binary(pkg string) string {
	return filepath.Join(l.dir, strings.ReplaceAll(pkg, "/", "_")+".test")
}

// run runs a test with a fault planted. It returns the tests that failed, and what was
// said where it ended otherwise than by tests that pass or fail.
func (l *laboratory) run(ctx context.Context, d Defect, pkg, tests, worlds string) (failed []string, odd string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	args := []string{"-test.v", "-test.run", "^(" + tests + ")$"}
	if !slices.Contains(browsers, d) {
		args = append(args, "-test.short")
	}
	if d != "none" { // one that fails is enough, and what waits for a refusal might wait for ever
		args = append(args, "-test.failfast")
	}
	cmd := exec.CommandContext(ctx, l.binary(pkg), args...)
	cmd.Dir = filepath.Join(l.root, pkg)
	cmd.Env = append(os.Environ(), "MODICUM_DEFECT="+string(d), "MODICUM_TWIN_SEED="+worlds, "MODICUM_SOAK=")
	out, err := cmd.CombinedOutput()
	for _, m := range failLine.FindAllSubmatch(out, -1) {
		failed = append(failed, string(m[1]))
	}
	ran := len(runLine.FindAll(out, -1))
	switch {
	case ran == 0:
		odd = "no test of that name"
	case err != nil && (len(failed) == 0 || d == "none"):
		odd = fmt.Sprintf("%v\n%s", err, said(out))
	}
	return failed, odd
}

// said is what tests said that failed, or the end of what they said.
func said(out []byte) []byte {
	if at := failLine.FindIndex(out); at != nil {
		return out[max(0, at[0]-1500):min(len(out), at[1]+1500)]
	}
	return out[max(0, len(out)-2000):]
}

var (
	failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	runLine  = regexp.MustCompile(`(?m)^=== RUN `)
)

// TestEveryDefectIsKilled plants each fault in one build and demands that the test
// whose subject it is fails, by a test's own word and not by a panic elsewhere; and
// that without a fault the same tests pass.
func TestEveryDefectIsKilled(t *testing.T) {
	for _, d := range All() {
		if _, ok := killers[d]; !ok {
			t.Errorf("%s: no test is to find it", d)
		}
	}
	if len(killers) < 30 || len(killers) != len(All()) {
		t.Errorf("%d faults have a test, of %d", len(killers), len(All()))
	}
	l := build(t)
	t.Run("none", func(t *testing.T) { l.sound(t) })
	t.Run("planted", func(t *testing.T) {
		for _, d := range All() {
			t.Run(string(d), func(t *testing.T) {
				t.Parallel()
				k := killers[d]
				failed, odd := l.run(t.Context(), d, k.pkg, k.test, k.worlds)
				if len(failed) == 0 {
					t.Errorf("it lives: %s in %s passes. %s", k.test, k.pkg, odd)
					return
				}
				t.Logf("killed by %s in %s", failed[0], k.pkg)
			})
		}
	})
	t.Run("enforcement off", func(t *testing.T) {
		for _, k := range off {
			if failed, odd := l.run(t.Context(), Everything, k.pkg, k.test, k.worlds); len(failed) == 0 {
				t.Errorf("without enforcement %s in %s passes. %s", k.test, k.pkg, odd)
			} else {
				t.Logf("red: %s in %s", strings.Join(failed[:min(len(failed), 5)], ", "), k.pkg)
			}
		}
	})
	t.Run("no door", func(t *testing.T) { l.everyRow(t) })
}

// everyRow demands that each row of threat-model 7 has a test by its number that fails
// where requests and answers pass as they are.
func (l *laboratory) everyRow(t *testing.T) {
	for row := 1; row <= 52; row++ {
		name := fmt.Sprintf("TestFC%02d_", row)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if failed, odd := l.run(t.Context(), DoorOpen, inDoor, name+`\w+`, ""); len(failed) == 0 {
				t.Errorf("without a door no test of the row fails. %s", odd)
			}
		})
	}
}

// sound runs every killer once without a fault.
func (l *laboratory) sound(t *testing.T) {
	tests, worlds := map[string][]string{}, map[string]bool{}
	for _, k := range killers {
		if !slices.Contains(tests[k.pkg], k.test) {
			tests[k.pkg] = append(tests[k.pkg], k.test)
		}
		for w := range strings.SplitSeq(k.worlds, ",") {
			worlds[w] = k.worlds != "" || worlds[w]
		}
	}
	var seeds []string
	for w, ok := range worlds {
		if ok {
			seeds = append(seeds, w)
		}
	}
	slices.Sort(seeds)
	var wait sync.WaitGroup
	for pkg, names := range tests {
		wait.Go(func() {
			if failed, odd := l.run(t.Context(), "none", pkg, strings.Join(names, "|"), strings.Join(seeds, ",")); len(failed) > 0 || odd != "" {
				t.Errorf("%s without a fault: %v %s", pkg, failed, odd)
			}
		})
	}
	wait.Wait()
}
