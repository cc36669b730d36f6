package main

import (
	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger/cometlog"
	"github.com/hufu-id/hufu/legible"
)

func peerCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "peer MEMBER...",
		Short: "Tell a node where other members are",
		Long: "Writes the addresses from members' files into node.json. A node that runs calls them\n" +
			"within seconds, and need not be started again. Each member does so with the file of\n" +
			"one that joins, or that has moved.",
		Example: "  hufu-node peer fifth.json --dir node",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			members, err := readMembers(args)
			if err != nil {
				return err
			}
			for i := range members {
				if err := cometlog.AddPeer(dir, &members[i]); err != nil {
					return err
				}
				legible.Fprintf(cmd.OutOrStdout(), "%s is at %s.\n", members[i].Name, members[i].Peer)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "node", "folder of the node")
	return cmd
}
