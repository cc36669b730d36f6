package main

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
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
	var dir, rootKey, safeDir string
	var deciders []string
	var options cometlog.TestnetOptions
	cmd := &cobra.Command{
		Use:   "found MEMBER...",
		Short: "Found a consortium of members whose files are given",
		Long: "Makes the folder that all members share: trust.json, genesis.json and the members'\n" +
			"files. Give it to each of them, and the trust file's fingerprint by another way. The\n" +
			"root agency's key is made if it is not there; it decides who is accredited. Who joins\n" +
			"and leaves is decided by the agencies of --decider (hufu-node agree key); without one,\n" +
			"by the root agency alone. Its next keys are in the folder of --safe, which belongs\n" +
			"into a safe.",
		Example: "  hufu-node found --origin ledger.example --root-key root.key --decider north-decider.json --decider south-decider.json --threshold 2 --dir consortium north.json south.json west.json east.json\n  hufu-node found --origin ledger.example --root-key root.key --dir consortium north.json south.json west.json east.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			members, err := readMembers(args)
			if err != nil {
				return err
			}
			nominated, err := readDeciders(options.Origin, deciders)
			if err != nil {
				return err
			}
			options.Deciders = nominated
			if err := found(dir, rootKey, safe(safeDir), options, members); err != nil {
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
	flags.StringVar(&safeDir, "safe", "safe", "folder with the keys that the root agency uses once each")
	flags.StringArrayVar(&deciders, "decider", nil, "file of an agency that decides who joins and leaves; the root agency alone if not given")
	flags.Uint32Var(&options.Threshold, "threshold", 0, "how many of these agencies must sign an agreement; all if 0")
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

// readDeciders reads the files of the agencies that found a ledger.
func readDeciders(origin string, paths []string) (deciders []ledger.Decider, err error) {
	for _, path := range paths {
		n, err := readNomination(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if n.Origin != origin || n.Ledger != (ledger.ID{}) {
			return nil, fmt.Errorf("%s was not made to found %s", path, origin)
		}
		deciders = append(deciders, n.Decider)
	}
	return deciders, nil
}

func found(dir, rootKey string, keys safe, options cometlog.TestnetOptions, members []cometlog.Member) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := keyAt(rootKey)
	if err != nil {
		return err
	}
	if err := rootOptions(&options, keys, root); err != nil {
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

// rootOptions promises the root agency's next keys: for a change of its DID, and for the
// next agreement where it decides alone.
func rootOptions(options *cometlog.TestnetOptions, keys safe, root crypto.Signer) error {
	change, err := keys.fresh(forChange, nil)
	if err != nil {
		return err
	}
	options.NextKeys = [][32]byte{change.hash}
	if len(options.Deciders) > 0 {
		return nil
	}
	next, err := keys.fresh(forAgreement, nil)
	if err != nil {
		return err
	}
	decider, err := ledger.NewDecider(root.Public(), next.signer.Public())
	options.Deciders = []ledger.Decider{decider}
	return err
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
