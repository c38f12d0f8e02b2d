package fhir

import (
	"errors"

	"modicum/internal/defect"
	"modicum/internal/upstream"
)

// errShare: whoever asks has as many requests under way as one caller may.
var errShare = errors.New("fhir: too much is asked by one caller at once")

// enter gives the request a place among those of its caller, and says to the upstream in
// whose name it is asked. Connections do not count, nor addresses: a hospital has one for all.
func (x *exchange) enter() error {
	if !x.door.places.Try(x.who()) {
		return errShare
	}
	x.placed = true
	x.r = x.r.WithContext(upstream.For(x.r.Context(), x.who()))
	return nil
}

// leave gives the place back.
func (x *exchange) leave() {
	if x.placed {
		x.door.places.Give(x.who())
	}
}

// who is the caller whose share of the places this is.
func (x *exchange) who() string {
	if defect.On(defect.AskedForNobody) {
		return ""
	}
	return x.caller.ID
}
