package main

import (
	"fmt"

	"bestbox/internal/config"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// options are the flags every command has.
type options struct {
	config, profile string
	json, plain     bool
}

func (o *options) load() (*config.Config, error) {
	return config.Load(o.config, o.profile)
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "llmctl",
		Short: "Run the local model servers of BestBox",
		Long: "llmctl loads models and servers, plans their memory, starts them, checks their answers, keeps them running in the background,\n" +
			"and stops them with proof. It also runs the Temporal development server and the worker, so that one command brings everything up.",
		Example:       "  llmctl up\n  llmctl status --watch\n  llmctl logs heavy -f\n  llmctl doctor\n  llmctl down",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			if o.plain {
				color.NoColor = true
			}
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&o.config, "config", "c", "", "configuration file (default: BESTBOX_CONFIG, ./bestbox.yaml, the user's configuration folder)")
	flags.StringVarP(&o.profile, "profile", "p", "", "profile: small, strix-halo, heavy-only, one of your own, or auto (default: the file's choice)")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.plain, "no-color", false, "print without colours")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(newUp(o), newDown(o), newRestart(o), newStatus(o), newLogs(o), newEvents(o), newPull(o), newPlan(o), newVerify(o), newDoctor(o), newBench(o), newSupervise())
	return root
}
