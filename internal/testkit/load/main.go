// Load puts bulk FHIR NDJSON into a FHIR R4 server, or writes a small set of it to a file.
//
//	go run ./internal/testkit/load -data FOLDER -patients 10 -base http://127.0.0.1:8090/fhir
//	go run ./internal/testkit/load -data FOLDER -patients 2 -out internal/testkit/testdata/synthea-2.ndjson.gz
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"modicum/internal/testkit/fhirdata"
)

func main() {
	base := flag.String("base", "", "base URL of the FHIR server to load")
	out := flag.String("out", "", "file to write instead")
	data := flag.String("data", "", "folder of *.ndjson.gz files")
	patients := flag.Int("patients", 0, "take the first so many patients and what belongs to them; 0 takes everything")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *data, *patients, strings.TrimRight(*base, "/"), *out); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data string, patients int, base, out string) error {
	if data == "" || (base == "") == (out == "") {
		return errors.New("wants -data and one of -base and -out")
	}
	set, err := fhirdata.ReadDir(data)
	if err != nil {
		return err
	}
	if patients > 0 {
		set = set.First(patients)
	}
	if out != "" {
		return write(out, set)
	}
	began := time.Now()
	if err := fhirdata.Send(ctx, base, set); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	fmt.Printf("loaded %d resources of %d patients in %.1f s, %.0f/s\n",
		set.Len(), len(set.Patients()), took, float64(set.Len())/took)
	return nil
}

func write(name string, set fhirdata.Set) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(set.Write(f), f.Close())
}
