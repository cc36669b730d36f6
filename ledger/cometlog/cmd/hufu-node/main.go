// Hufu-node runs an agency's node of a consortium that keeps a ledger.
//
//	hufu-node testnet --nodes 4 --dir testnet    four nodes on this machine
//	hufu-node run --dir testnet/node0            one node
//	hufu-node load --dir testnet                 how much they take, and how fast
//	hufu-node member, found, join, peer, agree   a consortium of agencies; see docs/consortium.md
//	hufu-node audit --at URL,URL                 a second opinion on its checkpoints
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/legible"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		legible.Fprintln(os.Stderr, "hufu-node:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "hufu-node",
		Short: "Run a node of a consortium that keeps a ledger",
		Long: "Each agency runs a node. Together they order operations (CometBFT), each applies\n" +
			"them itself, and a checkpoint counts once more than two thirds have signed it.",
		Example:       "  hufu-node testnet --nodes 4 --dir testnet\n  hufu-node run --dir testnet/node0",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), testnetCommand(), loadCommand(), memberCommand(), foundCommand(), joinCommand(), peerCommand(), agreeCommand(), rotateCommand(), auditCommand())
	return root
}
