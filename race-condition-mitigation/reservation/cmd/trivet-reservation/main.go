// Command trivet-reservation holds seats that two people can never both hold.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"trivet/reservation/internal/bootstrap"
	"trivet/reservation/internal/failpoint"
	"trivet/reservation/internal/ledger"
	"trivet/reservation/internal/settings"
)

// How a command ends: done, done and something is wrong, it could not be done.
const (
	exitDone = iota
	exitWrong
	exitCannot
)

const usage = `usage: trivet-reservation COMMAND

  api                serve HTTP until SIGTERM
  migrate            bring the database to the newest shape
  audit [--json]     prove the books; exit 1 if something in them is wrong
  settings [--json]  print everything that can be set
  openapi            print the OpenAPI document
`

const migrateWithin = time.Minute

var commands = map[string]func(asJSON bool) (int, error){
	"api":      serve,
	"migrate":  migrate,
	"audit":    audit,
	"settings": show,
	"openapi":  document,
}

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		tell(err)
	}
	os.Exit(code)
}

func run(words []string) (int, error) {
	asJSON := len(words) == 2 && words[1] == "--json"
	if len(words) == 0 || len(words) > 1 && !asJSON || commands[words[0]] == nil {
		_, _ = io.WriteString(os.Stderr, usage)
		return exitCannot, nil
	}
	return commands[words[0]](asJSON)
}

// tell says why a command could not do what it is for: a sentence each, for whoever set it up.
func tell(err error) {
	var wrong *settings.Error
	var refused *failpoint.Refused
	faults := []string{err.Error()}
	switch {
	case errors.As(err, &wrong):
		faults = wrong.Faults
	case errors.As(err, &refused):
		faults = refused.Faults
	}
	for _, fault := range faults {
		fmt.Fprintf(os.Stderr, "✗ %s\n", fault)
	}
}

func serve(bool) (int, error) {
	for _, sentence := range settings.UnreadVariables() {
		fmt.Fprintln(os.Stderr, sentence)
	}
	return with(bootstrap.Serve)
}

func migrate(bool) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), migrateWithin)
	defer cancel()
	return with(func(s *settings.Settings) error { return bootstrap.Migrate(ctx, s) })
}

func with(work func(*settings.Settings) error) (int, error) {
	read, err := settings.FromEnvironment()
	if err == nil {
		err = work(read)
	}
	if err != nil {
		return exitCannot, err
	}
	return exitDone, nil
}

// audit needs the database alone, as a role that can only read.
func audit(asJSON bool) (int, error) {
	books, err := settings.BooksFromEnvironment()
	if err != nil {
		return exitCannot, err
	}
	found, err := ledger.Prove(context.Background(), books.DatabaseURL)
	if err != nil {
		return exitCannot, err
	}
	if asJSON {
		err = write(found)
	} else {
		tellAudit(found)
	}
	if err == nil && !found.Proven {
		return exitWrong, nil
	}
	return exitDone, err
}

func tellAudit(found ledger.Audit) {
	for _, rule := range found.Rules {
		mark := "✓"
		if !rule.Proven {
			mark = "✗"
		}
		fmt.Printf("%s %-8s %s (%d)\n", mark, rule.Name, rule.Rule, rule.Observed)
		for _, offender := range rule.Offenders {
			fmt.Printf("    %v\n", offender)
		}
	}
}

func show(asJSON bool) (int, error) {
	return exitDone, settings.Show(os.Stdout, os.Stderr, os.LookupEnv, asJSON)
}

func document(bool) (int, error) { return exitDone, write(bootstrap.Document()) }

func write(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := os.Stdout.Write(text.Bytes())
	return err
}
