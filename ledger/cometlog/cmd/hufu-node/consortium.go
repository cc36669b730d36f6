package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// A consortium's folder holds what all members share, all of it public: trust.json
// and genesis.json, and in members a file for each node.
const (
	genesisName = "genesis.json"
	membersName = "members"
)

func memberCommand() *cobra.Command {
	var dir, out, consortium string
	var config cometlog.NodeConfig
	cmd := &cobra.Command{
		Use:   "member",
		Short: "Make a node's folder with its keys, and the file that the others need",
		Long: "The file has public keys and the node's address; send it to the one who founds the\n" +
			"consortium, or to the members that you want to join. The folder never leaves this\n" +
			"machine. Its keys serve one ledger: name the log that will be founded with --origin,\n" +
			"or the folder of the consortium that you join with --consortium.",
		Example: "  hufu-node member --origin ledger.example --name north.example/node --listen 203.0.113.7:26600 --dir node --out north.json\n  hufu-node member --consortium consortium --name fifth.example/node --listen 203.0.113.9:26600 --dir node --out fifth.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(out); err == nil {
				return fmt.Errorf("%s is there already", out)
			}
			if consortium != "" {
				trust, err := readTrust(consortium)
				if err != nil {
					return err
				}
				id := trust.ID()
				config.Origin, config.Ledger = trust.Origin, id[:]
			}
			member, err := cometlog.CreateMember(dir, config)
			if err != nil {
				return err
			}
			if err := writeMember(out, member); err != nil {
				return err
			}
			legible.Fprintf(cmd.OutOrStdout(), "The node's keys are in %s; keep it safe. Send %s to the others.\n", dir, out)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config.Origin, "origin", "", "name of the log that is to be founded")
	flags.StringVar(&consortium, "consortium", "", "folder that the members share, of a consortium to join")
	cmd.MarkFlagsOneRequired("origin", "consortium")
	cmd.MarkFlagsMutuallyExclusive("origin", "consortium")
	flags.StringVar(&config.Name, "name", "", "name of the node, by custom a host and a path")
	flags.StringVar(&config.Listen, "listen", "", "host and port at which other nodes find this one")
	flags.StringVar(&config.API, "api", "127.0.0.1:26601", "host and port for wallets, counters and browsers")
	flags.StringVar(&config.Metrics, "metrics", "", "host and port for Prometheus; none if empty")
	flags.StringVar(&dir, "dir", "node", "folder to make")
	flags.StringVar(&out, "out", "member.json", "file for the others")
	return cmd
}

func writeMember(path string, m *cometlog.Member) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func readMember(path string) (*cometlog.Member, error) {
	b, err := limits.ReadFile(path, limits.Document)
	if err != nil {
		return nil, err
	}
	m, err := cometlog.ParseMember(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func foundCommand() *cobra.Command {
	var dir, rootKey string
	var options cometlog.TestnetOptions
	cmd := &cobra.Command{
		Use:   "found MEMBER...",
		Short: "Found a consortium of members whose files are given",
		Long: "Makes the folder that all members share: trust.json, genesis.json and the members'\n" +
			"files. Give it to each of them, and the trust file's fingerprint by another way. The\n" +
			"root agency's key is made if it is not there; it decides who is accredited, and who\n" +
			"joins and leaves, and belongs into a safe.",
		Example: "  hufu-node found --origin ledger.example --root-key root.key --dir consortium north.json south.json west.json east.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			members, err := readMembers(args)
			if err != nil {
				return err
			}
			if err := found(dir, rootKey, options, members); err != nil {
				return err
			}
			trust, err := readTrust(dir)
			if err != nil {
				return err
			}
			print := trust.Fingerprint()
			legible.Fprintf(cmd.OutOrStdout(), "%d members, of whom %d must sign. Fingerprint of trust.json:\n\n  %s\n\nEach member: hufu-node join --dir node --consortium %s, then hufu-node run --dir node\n",
				len(members), trust.K, hex.EncodeToString(print[:]), dir)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Origin, "origin", "", "name of the log, by custom a host and a path")
	flags.StringVar(&rootKey, "root-key", "root.key", "the root agency's signature key, PKCS #8 in PEM")
	flags.StringVar(&dir, "dir", "consortium", "folder to make")
	flags.DurationVar(&options.EpochLength, "epoch", time.Hour, "length of an epoch: how long until a revocation shows in zero knowledge")
	flags.DurationVar(&options.Heartbeat, "heartbeat", time.Minute, "how long the ledger may go without a checkpoint")
	flags.BoolVar(&options.Development, "development", false, "take development keys of circuits, whose maker could prove anything")
	_ = cmd.MarkFlagRequired("origin")
	return cmd
}

// readMembers refuses two of one name: they would share a place.
func readMembers(paths []string) (members []cometlog.Member, err error) {
	for _, path := range paths {
		m, err := readMember(path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(members, func(other cometlog.Member) bool { return other.Name == m.Name }) {
			return nil, fmt.Errorf("%s: a member of that name is there already", path)
		}
		members = append(members, *m)
	}
	return members, nil
}

func found(dir, rootKey string, options cometlog.TestnetOptions, members []cometlog.Member) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := readRoot(rootKey)
	if errors.Is(err, fs.ErrNotExist) {
		root, err = createRoot(rootKey)
	}
	if err != nil {
		return err
	}
	trust, genesis, err := cometlog.Found(options, root, members)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, membersName), 0o755); err != nil {
		return err
	}
	for i := range members {
		if err := addMember(dir, &members[i]); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, genesisName), genesis, 0o644),
		os.WriteFile(filepath.Join(dir, trustName), trust.Bytes(), 0o644),
	)
}

// addMember keeps a member's file under a name that no other member has.
func addMember(dir string, m *cometlog.Member) error {
	return writeMember(filepath.Join(dir, membersName, hex.EncodeToString(m.Vote[:8])+".json"), m)
}

func readTrust(dir string) (*ledger.TrustFile, error) {
	b, err := limits.ReadFile(filepath.Join(dir, trustName), limits.Document)
	if err != nil {
		return nil, err
	}
	return ledger.ParseTrust(b)
}

func joinCommand() *cobra.Command {
	var dir, consortium, fingerprint string
	cmd := &cobra.Command{
		Use:   "join",
		Short: "Complete a node's folder with what the consortium shares",
		Long: "Puts trust.json, genesis.json and the other members' addresses into the node's\n" +
			"folder. A node that no agreement names yet may run: it follows, and signs nothing\n" +
			"that counts until the members agree (hufu-node agree).",
		Example: "  hufu-node join --dir node --consortium consortium --fingerprint 1f0c…",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := join(dir, consortium, fingerprint); err != nil {
				return err
			}
			legible.Fprintf(cmd.OutOrStdout(), "The node is ready: hufu-node run --dir %s\n", dir)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", "node", "folder of the node")
	flags.StringVar(&consortium, "consortium", "consortium", "folder that the members share")
	flags.StringVar(&fingerprint, "fingerprint", "", "the trust file's fingerprint, which came another way")
	_ = cmd.MarkFlagRequired("fingerprint")
	return cmd
}

func join(dir, consortium, fingerprint string) error {
	b, err := limits.ReadFile(filepath.Join(consortium, trustName), limits.Document)
	if err != nil {
		return err
	}
	trust, err := ledger.ParseTrustPinned(b, fingerprint)
	if err != nil {
		return err
	}
	genesis, err := limits.ReadFile(filepath.Join(consortium, genesisName), limits.Proof)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(consortium, membersName, "*.json"))
	if err != nil {
		return err
	}
	members, err := readMembers(files)
	if err != nil {
		return err
	}
	self, err := cometlog.ReadMember(dir)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(members, func(m cometlog.Member) bool { return m.Name == self.Name })
	return cometlog.Join(dir, trust, genesis, others)
}

// agreement is what hufu-node agree was told.
type agreement struct {
	at, consortium, rootKey string
	leave                   []string
	joins                   []string
	yes                     bool
}

func agreeCommand() *cobra.Command {
	var a agreement
	cmd := &cobra.Command{
		Use:   "agree",
		Short: "Let members join and leave by the consortium's next agreement",
		Long: "Signs the next agreement with the root agency's key and hands it in. From then on\n" +
			"more than two thirds of the new members must sign. A member that joins should run\n" +
			"its node and have caught up before: until then it is one that fails.",
		Example: "  hufu-node agree --at http://127.0.0.1:26601 --join fifth.json\n  hufu-node agree --at http://127.0.0.1:26601 --leave north.example/node --yes",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&a.at, "at", "", "addresses of nodes, with commas between")
	flags.StringVar(&a.consortium, "consortium", "consortium", "folder that the members share")
	flags.StringVar(&a.rootKey, "root-key", "root.key", "the root agency's signature key")
	flags.StringArrayVar(&a.joins, "join", nil, "file of a member that joins")
	flags.StringArrayVar(&a.leave, "leave", nil, "name of a member that leaves")
	flags.BoolVar(&a.yes, "yes", false, "do not ask")
	_ = cmd.MarkFlagRequired("at")
	return cmd
}

func (a *agreement) run(cmd *cobra.Command) error {
	client, err := remote.New(remote.Options{}, strings.Split(a.at, ",")...)
	if err != nil {
		return err
	}
	root, err := readRoot(a.rootKey)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Minute)
	defer cancel()
	reader, current, err := a.current(ctx, client)
	if err != nil {
		return err
	}
	id := reader.Pinned().ID()
	joining, err := readMembers(a.joins)
	if err != nil {
		return err
	}
	next, err := a.next(current, joining)
	if err != nil {
		return err
	}
	for _, m := range joining {
		if !bytes.Equal(m.Ledger, id[:]) {
			return fmt.Errorf("the keys of %s were made for another ledger: the member runs hufu-node member --consortium with this consortium's folder", m.Name)
		}
	}
	legible.Fprintf(cmd.OutOrStdout(), "Agreement %d: %d members instead of %d, of whom %d must sign.\n", next.Number, len(next.Nodes), len(current.Nodes), next.K)
	if !a.yes && !confirmed(cmd) {
		return errors.New("nothing was changed")
	}
	if err := submitAgreement(ctx, reader.Submitter(client), id, next, root); err != nil {
		return err
	}
	for i := range joining {
		if err := addMember(a.consortium, &joining[i]); err != nil {
			return err
		}
	}
	legible.Fprintln(cmd.OutOrStdout(), "Agreed. Readers follow with the trust file they have.")
	return nil
}

// current returns the newest agreement, proved, of the ledger that the consortium's trust
// file names, and the reader that proved it.
func (a *agreement) current(ctx context.Context, client *remote.Client) (reader *ledger.Client, t *ledger.Agreement, err error) {
	trust, err := readTrust(a.consortium)
	if err != nil {
		return nil, nil, err
	}
	reader, err = ledger.NewClient(ctx, trust, client, ledger.NewMemoryTrustStore(), ledger.ClientOptions{})
	if err != nil {
		return nil, nil, err
	}
	err = reader.Resolve(ctx, func(view *ledger.View) error {
		t, err = view.Agreement(reader.Trust().Number)
		return err
	}, ledger.ResolveOptions{})
	return reader, t, err
}

// next is the agreement after the current one.
func (a *agreement) next(current *ledger.Agreement, joining []cometlog.Member) (*ledger.Agreement, error) {
	if current.Threshold > 1 {
		return nil, fmt.Errorf("the agreement needs the signatures of %d agencies, and this command makes one", current.Threshold)
	}
	if len(joining) == 0 && len(a.leave) == 0 {
		return nil, errors.New("nobody joins or leaves: name members with --join and --leave")
	}
	members, err := cometlog.Members(current)
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
		members = append(members, m)
	}
	return cometlog.Agreement(current, members, current.AgencyKeys, current.Threshold)
}

func names(members []cometlog.Member) (out []string) {
	for _, m := range members {
		out = append(out, m.Name)
	}
	return out
}

func confirmed(cmd *cobra.Command) bool {
	legible.Fprintf(cmd.OutOrStdout(), "Sign and hand in? [y/N] ")
	var answer string
	fmt.Fscanln(cmd.InOrStdin(), &answer) // no answer is no
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

func submitAgreement(ctx context.Context, log ledger.Submitter, id ledger.ID, next *ledger.Agreement, root crypto.Signer) error {
	signed, err := ledger.SignObject(id, next, root)
	if err != nil {
		return err
	}
	_, err = log.Submit(ctx, signed)
	return err
}
