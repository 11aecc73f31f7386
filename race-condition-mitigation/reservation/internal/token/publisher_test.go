package token

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"trivet/reservation/internal/problem"
)

func find(t *testing.T, p *publisher, kid string) (bool, error) {
	t.Helper()
	_, _, ok, err := p.find(background, kid)
	return ok, err
}

func TestAnUnknownKeyIsAskedForButNotTooOften(t *testing.T) {
	site := newSite(t, keySetOf(newEd25519("one").jwk()))
	p, hands := publisherOf(site)
	if ok, err := find(t, p, "one"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	site.publish(keySetOf(newEd25519("two").jwk()))
	for _, step := range []struct {
		rest  time.Duration
		kid   string
		ok    bool
		asked int
	}{
		{0, "one", true, 1}, {0, "two", false, 1}, {apart - 1, "two", false, 1}, {1, "two", true, 2}, {0, "one", false, 2},
	} {
		hands.pass(step.rest)
		if ok, err := find(t, p, step.kid); ok != step.ok || err != nil || site.count() != step.asked {
			t.Errorf("%+v: %t, %v, asked %d times", step, ok, err, site.count())
		}
	}
}

func TestAHundredWaitForOneQuestion(t *testing.T) {
	site, release := newSite(t, nil), make(chan struct{})
	document := keySetOf(newEd25519("one").jwk())
	arrived := make(chan struct{}, 100)
	site.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		_, _ = w.Write(document)
	})
	p, _ := publisherOf(site)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if ok, err := find(t, p, "one"); !ok || err != nil {
				t.Error(ok, err)
			}
		})
	}
	<-arrived
	close(release)
	all.Wait()
	if site.count() != 1 {
		t.Errorf("it was asked %d times", site.count())
	}
}

func TestWhoIsGoneDoesNotEndTheQuestion(t *testing.T) {
	site, release := newSite(t, nil), make(chan struct{})
	document := keySetOf(newEd25519("one").jwk())
	site.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write(document)
	})
	p, _ := publisherOf(site)
	gone, cancel := context.WithCancel(background)
	cancel()
	if _, _, ok, err := p.find(gone, "one"); ok || err == nil {
		t.Error(ok, err)
	}
	close(release)
	if ok, err := find(t, p, "one"); !ok || err != nil || site.count() != 1 {
		t.Errorf("%t, %v, asked %d times", ok, err, site.count())
	}
}

func TestAnOutageIsOutlastedForADay(t *testing.T) {
	site := newSite(t, nil)
	site.fail()
	p, hands := publisherOf(site)
	if err := p.blocker(background); err == nil || err.Error() != "was not asked for its keys yet" {
		t.Error(err)
	}
	_, err := find(t, p, "one")
	var found *problem.Error
	if !errors.As(err, &found) || found.Code != problem.Unavailable || !found.IsDefinite() ||
		!strings.HasPrefix(found.Detail, "the issuer of access tokens does not publish its keys: ") {
		t.Fatal(err)
	}
	if p.blocker(background) == nil || p.concern(background) != nil {
		t.Error("without any key the gate is ready")
	}
	site.publish(keySetOf(newEd25519("one").jwk()))
	if _, err := find(t, p, "one"); err == nil {
		t.Error("it was asked again at once")
	}
	hands.pass(backOffLeast)
	if ok, err := find(t, p, "one"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	site.fail()
	hands.pass(apart)
	if _, err := find(t, p, "two"); err == nil {
		t.Error("nobody can say that there is no such key")
	}
	if p.blocker(background) != nil {
		t.Error("an outage of the issuer is one of the service")
	}
	if err := p.concern(background); err == nil || !strings.HasSuffix(err.Error(), "; the keys that are known stay in use") {
		t.Error(err)
	}
	hands.pass(kept - apart - 1)
	if ok, _ := find(t, p, "one"); !ok {
		t.Error("the keys did not last a day")
	}
	hands.pass(1)
	if ok, err := find(t, p, "one"); ok || err == nil || p.blocker(background) == nil || p.concern(background) != nil {
		t.Error("the keys last for ever")
	}
}

func TestKeysAreTheSameUntilTheyAreOthers(t *testing.T) {
	one := newEd25519("one")
	site := newSite(t, keySetOf(one.jwk()))
	p, hands := publisherOf(site)
	ask := func() *keySet {
		hands.pass(every)
		<-p.ask(func(time.Duration) bool { return true })
		return p.known()
	}
	first := ask()
	if ask() != first {
		t.Error("the same keys are others")
	}
	site.publish(keySetOf(newEd25519("one").jwk()))
	if ask() == first {
		t.Error("another key of the same name is the same")
	}
	site.publish(keySetOf())
	if len(ask().keys) != 0 {
		t.Error("keys that were taken back stay")
	}
}

// steps let a loop rest once for each value that is sent, and tell how long it wanted to.
type steps struct {
	wanted chan time.Duration
	go_    chan struct{}
}

func TestKeysAreAskedForWheneverThatIsDue(t *testing.T) {
	site := newSite(t, keySetOf(newEd25519("one").jwk()))
	p, hands := publisherOf(site)
	p.jitter = func() float64 { return 0.5 }
	s := steps{make(chan time.Duration), make(chan struct{})}
	p.wait = func(ctx context.Context, rest time.Duration) error {
		select {
		case s.wanted <- rest:
		case <-ctx.Done():
			return ctx.Err()
		}
		<-s.go_
		return nil
	}
	ctx, cancel := context.WithCancel(background)
	ended := make(chan struct{})
	go func() { defer close(ended); p.keepFresh(ctx) }()

	if rest := <-s.wanted; rest != every*95/100 || site.count() != 1 {
		t.Errorf("it rests %v after %d questions", rest, site.count())
	}
	site.fail()
	hands.pass(every)
	s.go_ <- struct{}{}
	for i, wanted := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if rest := <-s.wanted; rest != wanted*95/100 || site.count() != i+2 {
			t.Errorf("it rests %v after %d questions", rest, site.count())
		}
		hands.pass(wanted)
		s.go_ <- struct{}{}
	}
	<-s.wanted
	hands.pass(time.Minute)
	if _, err := find(t, p, "two"); err == nil {
		t.Error("it was answered")
	}
	before := site.count()
	s.go_ <- struct{}{} // somebody has asked meanwhile, so it rests again
	<-s.wanted
	if site.count() != before {
		t.Error("it was asked twice")
	}
	s.go_ <- struct{}{}
	cancel()
	<-ended
}

func TestTheBackOffHasAnEnd(t *testing.T) {
	f := freshness{}
	for range 100 {
		f = f.failed(0)
	}
	if f.due() != backOffMost || f.mayAsk(backOffMost-1) || !f.mayAsk(backOffMost) {
		t.Errorf("it is due at %v", f.due())
	}
	if (freshness{}).due() != 0 || !(freshness{}).mayAsk(0) || !(freshness{}).isTooOld(0) {
		t.Error("what was never asked is not due")
	}
}

func TestWhatIsFetchedIsSmallPlainAndFromThereAlone(t *testing.T) {
	elsewhere := newSite(t, keySetOf())
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		wanted string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "answers 404"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, "answers 302"},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, fetchBytesMax+1))
		}, "more than 65536 bytes"},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = packed.Write(make([]byte, 1<<20))
			_ = packed.Close()
		}, "content encoding gzip"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "10")
			_, _ = w.Write([]byte("x"))
		}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t, nil)
			site.answerWith(one.answer)
			_, err := newFetcher(site.URL).fetch(background)
			if err == nil || !strings.Contains(err.Error(), one.wanted) || !strings.Contains(err.Error(), site.URL) {
				t.Errorf("got %v", err)
			}
		})
	}
	if elsewhere.count() != 0 {
		t.Error("a redirect was followed")
	}
	site := newSite(t, make([]byte, fetchBytesMax))
	if body, err := newFetcher(site.URL).fetch(background); err != nil || len(body) != fetchBytesMax {
		t.Error(len(body), err)
	}
}

func TestWhoDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	site := newSite(t, nil)
	release := make(chan struct{})
	site.answerWith(func(http.ResponseWriter, *http.Request) { <-release })
	f := newFetcher(site.URL)
	f.deadline = time.Millisecond
	if _, err := f.fetch(background); err == nil || !strings.Contains(err.Error(), "did not answer within 1ms") {
		t.Error(err)
	}
	close(release)
}

func TestAProxyOfTheEnvironmentIsNotAsked(t *testing.T) {
	if newFetcher("http://x").client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy is asked")
	}
}

func TestTrustworthy(t *testing.T) {
	for url, wanted := range map[string]bool{
		"https://issuer.test/keys": true, "http://127.0.0.1:80/": true, "http://[::1]/": true, "http://localhost/": true,
		"http://issuer.test/": false, "https:///keys": false, "ftp://127.0.0.1/": false, "127.0.0.1": false,
		"http://127.0.0.1.evil.test/": false, "http://localhost@evil.test/": false, "://": false,
	} {
		if isTrustworthy(url) != wanted {
			t.Errorf("%s: %t", url, !wanted)
		}
	}
}
