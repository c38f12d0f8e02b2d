package fhir

import "modicum/internal/problem"

func (x *exchange) everything(at place) error { return problem.NotBuilt }
