package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	fetchDeadline = 5 * time.Second
	fetchBytesMax = 64 * 1024
)

// fetcher asks for a small document over HTTP.
//
// Nobody is followed elsewhere, no proxy of the environment is asked, and nothing is decompressed: what is small on its
// way may be of any size after it, before the first byte is counted.
type fetcher struct {
	url      string
	client   *http.Client
	deadline time.Duration
}

func newFetcher(url string) *fetcher {
	return &fetcher{
		url: url,
		client: &http.Client{
			Transport:     &http.Transport{Proxy: nil, DisableCompression: true, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		deadline: fetchDeadline,
	}
}

// fetch returns the document, or an error that names the URL: nobody answers, or not with 200, or with too much, or
// compressed, or too late.
func (f *fetcher) fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.deadline)
	defer cancel()
	body, err := f.ask(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("%s did not answer within %v", f.url, f.deadline)
	}
	return body, err
}

func (f *fetcher) ask(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("accept", "application/json")
	request.Header.Set("accept-encoding", "identity")
	answer, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", f.url, answer.StatusCode)
	}
	if coding := answer.Header.Get("content-encoding"); coding != "" && coding != "identity" {
		return nil, fmt.Errorf("%s answers with the content encoding %.20s", f.url, coding)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, fetchBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.url, err)
	}
	if len(body) > fetchBytesMax {
		return nil, fmt.Errorf("%s answers with more than %d bytes", f.url, fetchBytesMax)
	}
	return body, nil
}

// isTrustworthy tells whether nobody on the way can change what comes from a URL: HTTPS, or this machine itself.
func isTrustworthy(text string) bool {
	parsed, err := url.Parse(text)
	if err != nil {
		return false
	}
	if parsed.Scheme == "https" {
		return parsed.Hostname() != ""
	}
	return parsed.Scheme == "http" && isLoopback(parsed.Hostname())
}

// isLoopback tells whether only this machine is there.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
