package gate

import (
	"modicum/internal/problem"
	"modicum/policy"
)

// codes name the reasons of Admit in the record.
var codes = map[policy.Why]string{
	policy.Undecided:       "undecided",
	policy.NoRole:          "no-role",
	policy.RolesInConflict: "roles-in-conflict",
	policy.UnknownTask:     "unknown-task",
	policy.UnknownPurpose:  "unknown-purpose",
	policy.PurposeUnstated: "purpose-unstated",
	policy.PurposesDiffer:  "purposes-differ",
	policy.NoVerb:          "no-verb",
	policy.CallerFacts:     "caller-facts",
	policy.ShowsNothing:    "shows-nothing",
	policy.NeverKept:       "never-kept",
	policy.CannotMeet:      "cannot-meet",
	policy.TooManyLines:    "too-many-lines",
}

// problemOf is what the caller learns of a refusal by Admit: the reason, the own
// tasks, and which of them would do. It is a function of caller, facts about the
// caller, policy and request (N4).
func (s *Session) problemOf(req *policy.Request, why policy.Why) problem.Problem {
	switch why {
	case policy.NoRole:
		return problem.NoRole
	case policy.RolesInConflict:
		return problem.RolesInConflict
	case policy.UnknownTask, policy.UnknownPurpose:
		return problem.TaskUnknown.With(problem.Hint{Tasks: s.ownTasks()})
	case policy.PurposeUnstated:
		return problem.TaskUnstated.With(problem.Hint{Tasks: s.ownTasks()})
	case policy.PurposesDiffer, policy.TooManyLines:
		return problem.TaskAmbiguous.With(problem.Hint{Tasks: s.ownTasks()})
	case policy.NoVerb, policy.ShowsNothing:
		return problem.NotForTask.With(problem.Hint{Tasks: s.ownTasks(), Would: s.wouldDo(req)})
	case policy.CallerFacts:
		return problem.NotNow.With(problem.Hint{Would: s.wouldDo(req)})
	case policy.NeverKept:
		return problem.Parameter
	case policy.CannotMeet:
		return problem.Obligation
	}
	return problem.Internal
}

func (s *Session) ownTasks() []problem.Task {
	return hints(s.set.TasksOf(s.ask.Caller.Roles))
}

// wouldDo lists the caller's own tasks under which the same request is admitted.
func (s *Session) wouldDo(req *policy.Request) []problem.Task {
	return hints(s.set.TasksThatWould(req))
}

func hints(tasks []policy.TaskInfo) []problem.Task {
	var out []problem.Task
	for _, t := range tasks {
		out = append(out, problem.Task{Name: t.ID, Title: t.Title, Purpose: t.Code})
	}
	return out
}
