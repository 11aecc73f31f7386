package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"trivet/reservation/internal/problem"
)

// Check asks after one thing that a service needs: nil when all is well, otherwise an error that says in one sentence
// what is missing. It heeds its context.
type Check struct {
	Name string
	Ask  func(context.Context) error
}

// Health answers two questions that must not share an answer.
//
// /livez is about the process alone: if it looked at a dependency, an outage of that dependency would restart every
// healthy replica. /readyz is about what the service needs to serve, each need named and each asked for a bounded time.
// Concerns are checks too, of what keeps nobody from being served yet: /readyz tells of them and says yes.
type Health struct {
	checks, concerns []Check
	deadline         time.Duration
	draining         atomic.Bool
}

// NewHealth returns the health of a service with these needs.
func NewHealth(checks, concerns []Check) *Health {
	return &Health{checks: checks, concerns: concerns, deadline: time.Second}
}

// Drain answers unready from now on, so that load balancers send new requests elsewhere.
func (h *Health) Drain() { h.draining.Store(true) }

// Livez answers /livez.
func (h *Health) Livez(w http.ResponseWriter, _ *http.Request) { writeJSON(w, []byte(`{"live":true}`)) }

// Readyz answers /readyz.
func (h *Health) Readyz(w http.ResponseWriter, r *http.Request) {
	found := h.look(r.Context())
	var missing []string
	for _, one := range found {
		if one.sentence != nil {
			missing = append(missing, one.name+" "+*one.sentence)
		}
	}
	if missing != nil {
		unready := problem.New(problem.Unavailable, strings.Join(missing, "; ")).Definitely().With("checks", found)
		problem.Write(w, r, unready)
		return
	}
	body := struct {
		Ready    bool      `json:"ready"`
		Checks   findings  `json:"checks"`
		Concerns *findings `json:"concerns,omitempty"`
	}{Ready: true, Checks: found}
	if len(h.concerns) > 0 {
		concerns := h.askAll(r.Context(), h.concerns)
		body.Concerns = &concerns
	}
	text, err := json.Marshal(body)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	writeJSON(w, text)
}

// look runs all checks at once and returns what each says.
func (h *Health) look(ctx context.Context) findings {
	found := h.askAll(ctx, h.checks)
	if h.draining.Load() {
		sentence := "is draining"
		found = append(found, finding{"process", &sentence})
	}
	return found
}

func (h *Health) askAll(ctx context.Context, checks []Check) findings {
	answers := make([]chan *string, len(checks))
	for i, check := range checks {
		answers[i] = make(chan *string, 1)
		go func() { answers[i] <- h.ask(ctx, check) }()
	}
	found := make(findings, len(checks))
	for i, check := range checks {
		found[i] = finding{check.Name, <-answers[i]}
	}
	return found
}

func (h *Health) ask(ctx context.Context, check Check) *string {
	ctx, cancel := context.WithTimeout(ctx, h.deadline)
	defer cancel()
	asked := make(chan error, 1)
	go func() {
		defer func() {
			if met := recover(); met != nil { // a check that breaks is a check that failed, whatever broke it
				asked <- fmt.Errorf("broke: %v", met)
			}
		}()
		asked <- check.Ask(ctx)
	}()
	var sentence string
	select {
	case err := <-asked:
		if err == nil {
			return nil
		}
		sentence = err.Error()
	case <-ctx.Done():
		sentence = fmt.Sprintf("did not answer within %d ms", h.deadline.Milliseconds())
	}
	return &sentence
}

// finding is what a check says, nil when all is well.
type finding struct {
	name     string
	sentence *string
}

// findings are written as one object, in their order.
type findings []finding

// MarshalJSON writes them.
func (f findings) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, one := range f {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		sentence, err := json.Marshal(one.sentence)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(sentence)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func writeJSON(w http.ResponseWriter, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // whoever asked may be gone
}
