package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/ledger/remote"
	"github.com/hufu-id/hufu/legible"
)

// lightHandler serves light blocks, which are public, as checkpoints are.
func lightHandler(source cometlog.LightSource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		height, err := strconv.ParseInt(r.PathValue("height"), 10, 64)
		if err != nil {
			http.Error(w, "not a height", http.StatusBadRequest)
			return
		}
		block, err := source.LightBlock(r.Context(), height)
		switch {
		case errors.Is(err, cometlog.ErrNoBlock):
			http.Error(w, "no such block", http.StatusNotFound)
		case err != nil:
			http.Error(w, "the node cannot answer now", http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Write(block) // the reader is gone
		}
	}
}

// lightClient asks a node for light blocks.
type lightClient struct{ address string }

// maxBlock caps what a node may send.
const maxBlock = 256 << 10

func (c lightClient) LightBlock(ctx context.Context, height int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+"/v1/light/"+strconv.FormatInt(height, 10), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(response.Body, maxBlock))
	case http.StatusNotFound:
		return nil, cometlog.ErrNoBlock
	}
	return nil, fmt.Errorf("status %d", response.StatusCode)
}

func auditCommand() *cobra.Command {
	var at, consortium, fingerprint string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check a ledger from outside, and ask CometBFT's light client for a second opinion",
		Long: "Verifies the newest checkpoint as any reader does. Then CometBFT's own light client\n" +
			"follows the votes from the genesis document to the newest block, compares all nodes,\n" +
			"and looks for the block that has the checkpoint's state. Whoever could forge the\n" +
			"cosignatures would have to forge the votes as well.",
		Example: "  hufu-node audit --consortium consortium --fingerprint 1f0c… --at https://north.example,https://south.example",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), auditTime)
			defer cancel()
			head, opinion, err := audit(ctx, consortium, fingerprint, strings.Split(at, ","))
			if err != nil {
				return err
			}
			legible.Fprintf(cmd.OutOrStdout(), "The checkpoint of %d leaves holds, signed at %s.\nCometBFT's light client agrees: it is the state after block %d, on which %d nodes vote.\n",
				head.Size, head.Time.Format(time.DateTime), opinion.Block, opinion.Validators)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&at, "at", "", "addresses of two or more nodes, with commas between")
	flags.StringVar(&consortium, "consortium", "consortium", "folder that the members share")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint, which came another way")
	for _, name := range []string{"at", "fingerprint"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// auditTime is how long an audit may take.
const auditTime = 2 * time.Minute

func audit(ctx context.Context, consortium, fingerprint string, addresses []string) (*ledger.Head, *cometlog.Opinion, error) {
	b, err := limits.ReadFile(filepath.Join(consortium, trustName), limits.Document)
	if err != nil {
		return nil, nil, err
	}
	trust, err := ledger.ParseTrustPinned(b, fingerprint)
	if err != nil {
		return nil, nil, err
	}
	genesis, err := limits.ReadFile(filepath.Join(consortium, genesisName), limits.Proof)
	if err != nil {
		return nil, nil, err
	}
	client, err := remote.New(remote.Options{}, addresses...)
	if err != nil {
		return nil, nil, err
	}
	head, err := newestHead(ctx, client, trust)
	if err != nil {
		return nil, nil, err
	}
	var sources []cometlog.LightSource
	for _, address := range addresses {
		sources = append(sources, lightClient{strings.TrimSuffix(address, "/")})
	}
	opinion, err := untilBlock(ctx, func() (*cometlog.Opinion, error) {
		return cometlog.SecondOpinion(ctx, genesis, head, time.Now(), sources...)
	})
	return head, opinion, err
}

// untilBlock waits for the block after the checkpoint's, whose header tells of it.
func untilBlock(ctx context.Context, ask func() (*cometlog.Opinion, error)) (opinion *cometlog.Opinion, err error) {
	for range 10 {
		if opinion, err = ask(); !errors.Is(err, cometlog.ErrOpinion) {
			return opinion, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, err
		}
	}
	return nil, err
}

func newestHead(ctx context.Context, client *remote.Client, trust *ledger.TrustFile) (head *ledger.Head, err error) {
	reader, err := ledger.NewClient(ctx, trust, client, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return nil, err
	}
	err = reader.Resolve(ctx, func(view *ledger.View) error {
		head = view.Head
		return nil
	}, ledger.ResolveOptions{})
	return head, err
}
