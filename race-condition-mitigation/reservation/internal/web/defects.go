package web

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"trivet/reservation/internal/problem"
)

// Defects answers a handler that panicked with 500 internal, whose outcome nobody knows, and logs where it was. One
// that had begun its answer is cut off, so that nobody takes the half of it for the whole.
func Defects(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := answerOf(w)
		defer func() {
			met := recover()
			if met == nil {
				return
			}
			if met == http.ErrAbortHandler {
				panic(met)
			}
			defect := fmt.Errorf("panic: %v\n%s", met, debug.Stack())
			if told.status == 0 {
				problem.Write(told, r, defect)
				return
			}
			problem.Write(nowhere{http.Header{}}, r, defect) // it logs
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(told, r)
	})
}

// nowhere is where an answer goes that nobody is to read.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header          { return n.header }
func (nowhere) WriteHeader(int)                {}
func (nowhere) Write(text []byte) (int, error) { return len(text), nil }
