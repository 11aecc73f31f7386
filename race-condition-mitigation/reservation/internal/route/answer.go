package route

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"trivet/reservation/internal/problem"
)

func (a Answer) write(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range a.Header {
		header[name] = values
	}
	if a.Replayed {
		header.Set("idempotency-replayed", "true")
	}
	if a.Status == http.StatusNotModified || a.Status == http.StatusNoContent { // they have no body (RFC 9110)
		w.WriteHeader(a.Status)
		return
	}
	header.Set("content-type", a.mediaType())
	header.Set("content-length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // whoever asked may be gone: there is nobody left to tell
}

// mediaType: every stored refusal is a problem, everything else plain JSON.
func (a Answer) mediaType() string {
	if a.Status < http.StatusBadRequest {
		return JSON
	}
	return problem.MediaType
}

// encoded returns JSON that leaves <, > and & as they are.
func encoded(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("an answer cannot be written: %v", err))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
