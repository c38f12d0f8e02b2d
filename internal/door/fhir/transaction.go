package fhir

import (
	"context"
	"net/http"

	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/problem"
)

// transaction answers a Bundle of requests of which all are done, or none (FC39). One
// that only reads is judged whole: where one entry is refused, the answer is that
// refusal and nothing of the others.
func (x *exchange) transaction(ctx context.Context, list []fhirjson.Request) error {
	for i := range list {
		if m := list[i].Method; m != http.MethodGet && m != http.MethodHead {
			return problem.NotBuilt
		}
	}
	left := int64(maxAnswer)
	for i := range list {
		if p := x.take(ctx, &list[i], &left); p.status >= http.StatusBadRequest && !defect.On(defect.EntriesShown) {
			return x.refuseAll(p)
		}
	}
	return x.writeBatch("transaction-response")
}

// refuseAll answers a transaction with what refused one of its entries. What the others
// would have shown stays here.
func (x *exchange) refuseAll(by *part) error {
	for _, p := range x.parts {
		p.status, p.bytes = by.status, 0
	}
	return by.refusal
}
