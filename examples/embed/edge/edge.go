// Package edge carries messages of the library over HTTP: a body goes there, a body
// comes back. The HTTP side of OpenID4VCI and OpenID4VP will take its place; until
// then an adopter copies this file.
//
// A message is posted as it is. The answer is 200 with the next message, or another
// status with a Refusal as JSON.
//
// Not checked: anything about a message but its size. The library's parsers do that.
package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/verdict"
)

// maxMessage caps a body, in bytes.
const maxMessage = 1 << 20

// A Refusal is a verdict as it travels, in the language of who asked.
type Refusal struct {
	Refused  bool         `json:"refused"`
	Code     verdict.Code `json:"code"`
	Sentence string       `json:"sentence"`
}

// Error is the sentence.
func (r *Refusal) Error() string { return r.Sentence }

// Verdict makes verdict.Describe repeat the sentence.
func (r *Refusal) Verdict() verdict.Verdict {
	return verdict.Verdict{Code: r.Code, Refused: r.Refused, What: verdict.Text{English: r.Sentence, Chinese: r.Sentence}}
}

// Judge says what an error means, in the language of a tag or of an
// Accept-Language header.
func Judge(err error, lang string) *Refusal {
	v, _ := verdict.Classify(err)
	return &Refusal{v.Refused, v.Code, v.Describe(lang)}
}

// Handler answers each message with the next: 403 where do refuses it, 503 where it
// could not be checked.
func Handler(do func(ctx context.Context, message []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
		if err != nil {
			http.Error(w, "message cut short or too large", http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		answer, err := do(r.Context(), message)
		if err == nil {
			_, _ = w.Write(answer) // a reader that has gone asks again
			return
		}
		refusal := Judge(err, r.Header.Get("Accept-Language"))
		w.Header().Set("Content-Type", "application/json")
		status := http.StatusServiceUnavailable
		if refusal.Refused {
			status = http.StatusForbidden
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(refusal)
	})
}

// Apply leaves a newcomer's application in the file of this name, for an agency on the
// ledger; it fits agency.Enter.
func Apply(_ context.Context, application *ledger.SignedOperation) error {
	err := os.WriteFile("application", application.Bytes(), 0o644)
	_, said := fmt.Println("application")
	return errors.Join(err, said)
}

// client follows no redirect: a message goes where its owner sent it.
var client = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Post sends a message to an https address, or an http one of this machine, and
// returns the answer. The error is a *Refusal where the other side says why.
func Post(ctx context.Context, address string, message []byte) ([]byte, error) {
	if err := remote.CheckAddress(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	if err != nil || response.StatusCode == http.StatusOK {
		return body, err
	}
	refusal := new(Refusal)
	if json.Unmarshal(body, refusal) != nil || refusal.Sentence == "" {
		return nil, fmt.Errorf("the other side answers %d", response.StatusCode)
	}
	return nil, refusal
}
