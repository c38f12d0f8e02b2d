package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"modicum/internal/access"
	"modicum/internal/people"
)

// seed makes one week like the other.
const seed = 20

// at is a moment of the week: day 0 began seven days before the day that ends it.
func (w *week) at(n int, clock string) time.Time {
	var hour, minute int
	fmt.Sscanf(clock, "%d:%d", &hour, &minute)
	y, m, d := w.now.In(w.zone()).Date()
	return time.Date(y, m, d-7+n, hour, minute, 0, 0, w.zone())
}

// on adds what happens at a time of a day; ago, what happened shortly before now.
func (w *week) on(n int, clock string, do func(context.Context) error) {
	w.scenes = append(w.scenes, scene{w.at(n, clock), do})
}

func (w *week) ago(before time.Duration, do func(context.Context) error) {
	w.scenes = append(w.scenes, scene{w.now.Add(-before), do})
}

// plan writes the week down.
func (w *week) plan() {
	w.charts()
	w.staff()
	w.loans()
	w.emergencies()
	w.today()
}

// rounds are what people of each task look at again and again, %d being a patient.
var rounds = []struct {
	who, task string
	from, to  int // patients
	paths     []string
}{
	{"alice", "treat", 1, 9, []string{"Patient/p%d", "Observation?patient=p%d", "MedicationRequest?patient=p%d"}},
	{"nina", "give-care", 1, 9, []string{"Patient/p%d", "Observation?patient=p%d", "AllergyIntolerance?patient=p%d"}},
	{"dan", "treat", 10, 20, []string{"Patient/p%d", "Condition?patient=p%d"}},
	{"ravi", "treat", 2, 2, []string{"Condition?patient=p%d", "MedicationRequest?patient=p%d"}},
	{"bob", "work-denial", 1, 1, []string{"Claim/k%d", "Patient/p%d", "Coverage/v%d"}},
	{"bob", "work-denial", 7, 7, []string{"Claim/k%d", "Patient/p%d"}},
	{"della", "appeal", 1, 1, []string{"Claim/k%d", "Encounter/e%d"}},
	{"carla", "code-encounter", 1, 1, []string{"Encounter/e%d", "Condition/c%d"}},
	{"fay", "register", 1, 1, []string{"Patient/p%d", "Coverage/v%d"}},
	{"omar", "dispense", 1, 1, []string{"MedicationRequest/m%d", "AllergyIntolerance/a%d"}},
	{"lena", "run-test", 1, 1, []string{"Observation/o%d"}},
	{"quincy", "review-sample", 1, 1, []string{"Patient/p%d", "Observation/o%d"}},
	{"rosa", "run-study", 10, 20, []string{"Patient/p%d", "Observation/o%d"}},
}

// astray is what was asked for and not shown: no relation, no such task, an own chart.
var astray = []request{
	{"dan", "treat", "Patient/p1", ""}, {"nina", "give-care", "Patient/p3", ""}, {"bob", "work-denial", "Observation/o1", ""},
	{"ivan", "run-systems", "Patient/p1", ""}, {"alice", "treat", "Patient/p6", ""}, {"fay", "register", "Condition/c1", ""},
	{"tessa", "give-care", "Patient/p8", ""}, {"carla", "code-encounter", "Patient/p9", ""}, {"rosa", "run-study", "Patient/p2", ""},
}

// charts are the rounds of each day, four a day, and what went astray.
func (w *week) charts() {
	random := rand.New(rand.NewPCG(seed, seed))
	for n := range 7 {
		for _, clock := range []string{"07:40", "10:20", "13:50", "16:30"} {
			var all []request
			for _, r := range rounds {
				if random.IntN(5) < 2 {
					continue
				}
				patient := r.from + random.IntN(r.to-r.from+1)
				all = append(all, request{r.who, r.task, fmt.Sprintf(r.paths[random.IntN(len(r.paths))], patient), ""})
			}
			all = append(all, astray[random.IntN(len(astray))], astray[random.IntN(len(astray))])
			w.on(n, clock, func(ctx context.Context) error { return w.doorAll(ctx, all) })
		}
		w.on(n, "02:15", func(ctx context.Context) error {
			return w.doorAll(ctx, []request{
				{"alice", "treat", fmt.Sprintf("Patient/p%d", 1+n), ""}, {"joan", "give-care", "Patient/p4", ""}, {"nina", "give-care", "Patient/p2", ""},
			})
		})
	}
}

// staff: somebody joins, somebody moves, somebody leaves, and a source gives somebody
// two roles that may not be held together.
func (w *week) staff() {
	dir := w.server.People()
	w.on(3, "08:05", func(ctx context.Context) error {
		p := pageOf(joiner)
		p.Manager = "ines"
		if _, err := dir.Add(ctx, as(peopleOwner), p); err != nil {
			return err
		}
		return w.give(ctx, people.Gift{Person: joiner, Kind: people.Role, Name: "nurse", Why: "joined Ward 3"})
	})
	w.on(2, "09:00", func(ctx context.Context) error {
		to := pageOf(mover)
		if _, err := dir.Change(ctx, as(peopleOwner), mover, 0, func(p *people.Person) error {
			p.Department, p.Title, p.Manager = to.Department, to.Title, "marta"
			return nil
		}); err != nil {
			return err
		}
		if err := dir.Take(ctx, as(peopleOwner), people.Which{Person: mover, Kind: people.Role, Name: "registration"}); err != nil {
			return err
		}
		return w.give(ctx, people.Gift{Person: mover, Kind: people.Role, Name: "scheduler", Why: "moved to the call center"})
	})
	w.on(4, "17:00", w.leave)
	for n := range 7 {
		w.on(n, "01:30", w.runs("claims-out", "Claim/k1", "Claim/k7"))
		w.on(n, "05:00", w.runs("lab-orders", "Observation/o1"))
	}
	w.on(5, "07:30", func(ctx context.Context) error {
		_, err := dir.Arrive(ctx, people.Arrival{ID: torn, Name: w.person(torn).Name, Roles: []string{"billing-specialist"}, Until: w.now.Add(30 * day).UnixMicro()})
		return err
	})
}

// leave ends somebody's time here; their programs go on with another owner's keys, one
// of which is for a short time only.
func (w *week) leave(ctx context.Context) error {
	const gone = "greg"
	if err := w.server.People().Deactivate(ctx, as(peopleOwner), gone, integrator); err != nil {
		return err
	}
	if err := w.addKey(ctx, integrator, "claims-out", w.now.Add(9*day)); err != nil {
		return err
	}
	return w.addKey(ctx, integrator, "registry-feed", w.now.Add(120*day))
}

// today is what waits at this moment.
func (w *week) today() {
	w.ago(70*time.Minute, w.asks("sample", "quincy", access.Want{
		Kind: access.Exception, Task: "review-sample", Patients: []string{"p1"}, Classes: []string{"clinical.procedure"},
		Reason: access.Reason{Text: "the measure counts procedures, and the drawn chart shows none"}, For: hours(2),
	}))
	w.ago(48*time.Minute, w.asks("device", "bob", access.Want{
		Kind: access.Exception, Task: "work-denial", Patients: []string{"p7"}, Classes: []string{"clinical.device"},
		Reason: access.Reason{Ref: "WQ-1051", Text: "the plan denies the claim for want of the device number"}, For: hours(4),
	}))
	w.ago(22*time.Minute, w.asks("help", "nina", cover("p14", "help at the bedside", "the clinic asks for a second pair of hands", 8)))
	w.ago(12*time.Minute, func(ctx context.Context) error {
		return w.give(ctx, people.Gift{Person: "tessa", Kind: people.Position, Name: "charge-nurse", Dept: "ward-3", Why: "stands in while Joan is away"})
	})
}

func hours(n int64) int64 { return n * time.Hour.Microseconds() }
