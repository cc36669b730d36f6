package issuer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// BenchmarkResign signs a whole office anew, over a vault on disk: 100,000 credentials
// with -long. MB-heap is the greatest heap seen after a batch, MB the most memory that
// the process has had: run it alone.
func BenchmarkResign(b *testing.B) {
	people := long.Or(1000, 100_000)
	o := onDisk(b)
	o.fill(b, people)
	for b.Loop() {
		b.StopTimer()
		o.agency.MarkCompromised(o.agency.KeyID, o.c.Now())
		o.cfg.Keys = o.agency.Issuer()
		var err error
		o.Desk, err = issuer.New(o.cfg)
		none(b, err)
		var most, seen uint64
		b.StartTimer()
		done, err := o.Resign(b.Context(), issuer.ResignOptions{Progress: func(r issuer.Resigned) {
			if seen++; seen%50 == 1 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}})
		none(b, err)
		if done.Signed != people {
			b.Fatalf("%+v", done)
		}
		b.ReportMetric(float64(most)/(1<<20), "MB-heap")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "us/credential")
	b.ReportMetric(peak(b), "MB")
}

// fill issues one credential through the desk, and stores as many as are wanted like it:
// each signed for an entry of its own, with an offer of its own, all of one person.
func (o *office) fill(b *testing.B, people int) {
	b.Helper()
	started := time.Now()
	o.oneWallet(b)
	key := o.c.Key()
	_, err := o.Answer(b.Context(), o.apply(b, o.c.Issue(o.Desk, resident(0)), func(a *application) { a.signer = key }))
	none(b, err)
	today, err := zkp.Today(o.c.Now())
	none(b, err)
	commitment, err := o.wallet.HolderCommitment(identity.Scope(o.agency.DID, o.c.Schema))
	none(b, err)
	spec := issuer.IssueSpec{
		Schema: o.c.Schema, Claims: claimsOf(resident(0)), Region: hufutest.Region, Holder: key.Public(), Commitment: commitment,
		Binding: today, Status: status.Reference{URI: o.StatusURI()}, NotBefore: today, NotAfter: today + 730,
	}
	one := o.records(b)
	_, at, _ := strings.Cut(one["credential"].id, "/")
	first, err := strconv.Atoi(at)
	none(b, err)
	page, index := make([]byte, 1<<12), 0 // 2^15 entries each
	pages := [][]byte{}
	var together []int
	for made := 1; made < people || index <= first; index++ {
		if index%(1<<15) == 0 {
			page = make([]byte, 1<<12)
			pages = append(pages, page)
		}
		if index == first || made < people {
			page[index>>3&(1<<12-1)] |= 1 << (index % 8)
		}
		if index == first || made >= people {
			continue
		}
		made++
		if together = append(together, index); len(together) == 1000 || made == people {
			o.clone(b, one, spec, together)
			together = nil
		}
	}
	none(b, o.store.Update(b.Context(), func(tx vault.Tx) error {
		list := one["status-list"]
		free := list.value["free"].([]any)
		for n, page := range pages {
			taken := 0
			for _, b := range page {
				for ; b != 0; b &= b - 1 {
					taken++
				}
			}
			free[n] = 1<<15 - taken
			if err := tx.Put("status-taken", fmt.Sprintf("%s/%d", o.StatusURI(), n), page); err != nil {
				return err
			}
		}
		if first>>15 < len(pages) {
			return list.put(tx, list.id)
		}
		return fmt.Errorf("entry %d is on none of %d pages", first, len(pages))
	}))
	b.Logf("issued in %v", time.Since(started).Round(time.Second))
}

// template is a record of the desk's, as JSON.
type template struct {
	kind, id string
	value    map[string]any
}

func (t *template) put(tx vault.Tx, id string) error {
	b, err := json.Marshal(t.value)
	if err != nil {
		return err
	}
	return tx.Put(t.kind, id, b)
}

// records are what the desk keeps of its one credential, by kind.
func (o *office) records(b *testing.B) map[string]*template {
	b.Helper()
	out := map[string]*template{}
	none(b, o.store.View(b.Context(), func(tx vault.Tx) error {
		for _, kind := range []string{"credential", "offer", "status-list"} {
			all, err := tx.List(kind)
			if err != nil {
				return err
			}
			r := longest(all)
			out[kind] = &template{kind, r.ID, map[string]any{}}
			if err := json.Unmarshal(r.Value, &out[kind].value); err != nil {
				return err
			}
		}
		return nil
	}))
	return out
}

// clone signs a credential for each entry and stores it with an offer.
func (o *office) clone(b *testing.B, one map[string]*template, spec issuer.IssueSpec, entries []int) {
	b.Helper()
	responses, handles := make([][]byte, len(entries)), make([]*zkp.Endorsement, len(entries))
	keys := o.agency.Issuer()
	var all sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := worker; i < len(entries); i += runtime.GOMAXPROCS(0) {
				mine := spec
				mine.Status.Index = entries[i]
				out, err := issuer.Issue(context.Background(), &keys, &mine, nil)
				if err == nil {
					handles[i] = out.Endorsement
					responses[i], err = (&openid.CredentialResponse{Credentials: []string{out.Credential.String()}}).Bytes()
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	none(b, o.store.Update(b.Context(), func(tx vault.Tx) error {
		credential, offer := one["credential"], one["offer"]
		list, _, _ := strings.Cut(credential.id, "/")
		for i, index := range entries {
			id := fmt.Sprintf("%s-%d", offer.id, index)
			credential.value["offer"] = id
			credential.value["random"] = handles[i].Random[:]
			offer.value["taken"].(map[string]any)["place"] = map[string]any{"list": list, "index": index}
			offer.value["taken"].(map[string]any)["response"] = responses[i]
			if err := offer.put(tx, id); err != nil {
				return err
			}
			if err := credential.put(tx, fmt.Sprintf("%s/%d", list, index)); err != nil {
				return err
			}
		}
		return nil
	}))
}
