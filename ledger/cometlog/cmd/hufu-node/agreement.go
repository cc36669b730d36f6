package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
)

// agreement is what hufu-node agree was told.
type agreement struct {
	at, consortium   string
	key              string
	safe             string
	out              string
	joins, leave     []string
	deciders, unseat []string
	threshold        uint32
	renew, yes       bool

	log    ledger.Submitter // verifies receipts
	id     ledger.ID
	origin string
	holds  *ledger.Agreement
}

// alone proposes, signs and hands in, for an agency that decides alone.
func (a *agreement) alone(cmd *cobra.Command) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	if err := a.ask(ctx); err != nil {
		return err
	}
	if a.holds.Threshold > 1 {
		return fmt.Errorf("the agreement needs the signatures of %d agencies: hufu-node agree propose", a.holds.Threshold)
	}
	next, joining, err := a.next()
	if err != nil {
		return err
	}
	key, err := readKey(a.key)
	if err != nil {
		return err
	}
	own, err := safe(a.safe).nominate(a.origin, a.id, a.holds, key)
	if err != nil {
		return err
	}
	if own.Replaces == [32]byte{} {
		return fmt.Errorf("no key in %s may sign: the ledger expects another", a.safe)
	}
	if err := next.Seat(a.id, own); err != nil {
		return err
	}
	announce(cmd.OutOrStdout(), a.holds, next)
	if !a.yes && !confirmed(cmd, "Sign and hand in?") {
		return errors.New("nothing was changed")
	}
	op, err := ledger.Unsigned(next)
	if err != nil {
		return err
	}
	signed, err := a.sign(op, next)
	if err != nil {
		return err
	}
	if err := a.submit(ctx, cmd.OutOrStdout(), signed); err != nil {
		return err
	}
	return a.keepMembers(joining)
}

// ask learns the agreement that holds, proved, of the ledger that the consortium's trust
// file names.
func (a *agreement) ask(ctx context.Context) (err error) {
	client, err := remote.New(remote.Options{}, strings.Split(a.at, ",")...)
	if err != nil {
		return err
	}
	trust, err := readTrust(a.consortium)
	if err != nil {
		return err
	}
	reader, err := ledger.NewClient(ctx, trust, client, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return err
	}
	a.id, a.origin, a.log = trust.ID(), trust.Origin, reader.Submitter(client)
	a.holds, err = reader.Agreement(ctx)
	return err
}

// next is the agreement after the one that holds, and who joins by it.
func (a *agreement) next() (*ledger.Agreement, []cometlog.Member, error) {
	joining, err := readMembers(a.joins)
	if err != nil {
		return nil, nil, err
	}
	if len(joining)+len(a.leave)+len(a.deciders)+len(a.unseat) == 0 && a.threshold == 0 && !a.renew {
		return nil, nil, errors.New("nobody joins or leaves, and nobody else decides: name members with --join and --leave, agencies with --decider and --unseat")
	}
	members, err := a.members(joining)
	if err != nil {
		return nil, nil, err
	}
	threshold := a.holds.Threshold
	if a.threshold > 0 {
		threshold = a.threshold
	}
	seats := a.holds.Successor()
	if err := a.seat(seats); err != nil {
		return nil, nil, err
	}
	next, err := cometlog.Agreement(a.holds, members, seats.Deciders, threshold)
	return next, joining, err
}

func (a *agreement) members(joining []cometlog.Member) ([]cometlog.Member, error) {
	members, err := cometlog.Members(a.holds)
	if err != nil {
		return nil, err
	}
	for _, name := range a.leave {
		at := slices.IndexFunc(members, func(m cometlog.Member) bool { return m.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("%s is no member; members are %s", name, strings.Join(names(members), ", "))
		}
		members = slices.Delete(members, at, at+1)
	}
	for _, m := range joining {
		if slices.Contains(names(members), m.Name) {
			return nil, fmt.Errorf("%s is a member already", m.Name)
		}
		if !bytes.Equal(m.Ledger, a.id[:]) {
			return nil, fmt.Errorf("the keys of %s were made for another ledger: the member runs hufu-node member --consortium with this consortium's folder", m.Name)
		}
		members = append(members, m)
	}
	return members, nil
}

// seat changes who decides.
func (a *agreement) seat(next *ledger.Agreement) error {
	for _, path := range a.deciders {
		n, err := readNomination(path)
		if err == nil {
			err = next.Seat(a.id, n)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, name := range a.unseat {
		if err := next.Unseat(name); err != nil {
			return fmt.Errorf("no agency that decides is called %s; eight digits are needed", name)
		}
	}
	return nil
}

// sign signs with the key that was promised, which is used from then on.
func (a *agreement) sign(op *ledger.SignedOperation, next *ledger.Agreement) (*ledger.SignedOperation, error) {
	key, err := safe(a.safe).promised(forAgreement, a.holds.Next())
	if err != nil {
		return nil, err
	}
	if next.Number != a.holds.Number+1 || next.Previous != a.holds.Hash() {
		return nil, fmt.Errorf("this is agreement %d, and agreement %d holds: ask for one that was proposed anew", next.Number, a.holds.Number)
	}
	if slices.Contains(next.Next(), key.hash) {
		return nil, errors.New("the agreement counts again on the key that would sign it: hand in a new file (hufu-node agree key), and have the agreement proposed anew")
	}
	if err := key.use(); err != nil {
		return nil, err
	}
	return ledger.Countersign(a.id, op, key.signer)
}

func (a *agreement) submit(ctx context.Context, out io.Writer, signed *ledger.SignedOperation) error {
	if _, err := a.log.Submit(ctx, signed); err != nil {
		return err
	}
	legible.Fprintln(out, "Agreed. Readers follow with the trust file they have.")
	return nil
}

// keepMembers puts the files of those who join into the folder that all share.
func (a *agreement) keepMembers(joining []cometlog.Member) error {
	for i := range joining {
		if err := addMember(a.consortium, &joining[i]); err != nil {
			return err
		}
	}
	return nil
}

// announce says in words what a signature would change.
func announce(out io.Writer, holds, next *ledger.Agreement) {
	legible.Fprintf(out, "Agreement %d: %d members instead of %d, of whom %d must sign.\n", next.Number, len(next.Nodes), len(holds.Nodes), next.K)
	each := func(verb string, from, in []string) {
		for _, name := range from {
			if !slices.Contains(in, name) {
				name, _, _ = strings.Cut(name, "+") // the key follows
				legible.Fprintf(out, "  %s %s\n", name, verb)
			}
		}
	}
	each("joins", next.Witnesses, holds.Witnesses)
	each("leaves", holds.Witnesses, next.Witnesses)
	if next.Rules != holds.Rules {
		legible.Fprintf(out, "  Rules of version %d hold from checkpoint %d on.\n", next.Rules.Version, next.Rules.From)
	}
	legible.Fprintf(out, "Agencies that decide, of whom %d must sign the agreement after it:\n", next.Threshold)
	for _, d := range next.Deciders {
		legible.Fprintf(out, "  %s\n", d.Name())
	}
	for _, d := range holds.Deciders {
		if !slices.ContainsFunc(next.Deciders, func(n ledger.Decider) bool { return bytes.Equal(n.Key, d.Key) }) {
			legible.Fprintf(out, "  %s no longer\n", d.Name())
		}
	}
}

func readNomination(path string) (*ledger.Nomination, error) {
	b, err := limits.ReadFile(path, limits.Document)
	if err != nil {
		return nil, err
	}
	return ledger.ParseNomination(b)
}

func readAgreement(path string) (*ledger.SignedOperation, *ledger.Agreement, error) {
	b, err := limits.ReadFile(path, limits.Operation)
	if err != nil {
		return nil, nil, err
	}
	op, err := ledger.ParseSignedOperation(b)
	if err == nil && op.Operation.Kind != ledger.KindAgreement {
		err = errors.New("no agreement")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	next, err := ledger.ParseAgreement(op.Operation.Body)
	return op, next, err
}

func names(members []cometlog.Member) (out []string) {
	for _, m := range members {
		out = append(out, m.Name)
	}
	return out
}

func confirmed(cmd *cobra.Command, question string) bool {
	legible.Fprintf(cmd.OutOrStdout(), "%s [y/N] ", question)
	var answer string
	fmt.Fscanln(cmd.InOrStdin(), &answer) // no answer is no
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}
