package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/supervisor"
	"bestbox/llmctl/verify"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// verified is what verify found about a tier.
type verified struct {
	Tier      string                  `json:"tier"`
	Answers   *verify.AnswerReport    `json:"answers,omitempty"`
	Isolation *verify.IsolationReport `json:"isolation,omitempty"`
	IDSlot    *verify.IDSlotReport    `json:"id_slot,omitempty"`
	Recorded  bool                    `json:"recorded,omitempty"`
}

func newVerify(o *options) *cobra.Command {
	record, slots := false, false
	command := &cobra.Command{
		Use:   "verify [tier…]",
		Short: "Check that the model servers answer rightly",
		Long: "Ask each running model server a fixed question and compare the probabilities of its answer with a reference for that model, then ask\n" +
			"several at once and look for one in the answer to another. The same happens after every start. The exit code is 3 when an answer is wrong.\n\n" +
			"With --record the answers of the server as it runs now become the reference of its model on this machine: do that with a server you trust,\n" +
			"one on the processor for example; an embedding server is checked without a reference. With --id-slot it is also tried whether this build mixes requests when a client names a slot.",
		Example:           "  llmctl verify\n  llmctl verify light --id-slot\n  llmctl verify heavy --record",
		ValidArgsFunction: completeTiers(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			servers, err := runningServers(cmd.Context(), c, names)
			if err != nil {
				return err
			}
			wrong := false
			var all []verified
			for _, s := range servers {
				found, err := verifyTier(cmd.Context(), c, s, record, slots)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				wrong = wrong || (found.Answers != nil && found.Answers.Verdict == verify.Wrong) || (found.Isolation != nil && found.Isolation.Verdict == verify.Wrong)
				all = append(all, found)
				if !o.json {
					printVerified(cmd.OutOrStdout(), found)
				}
			}
			if o.json {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(all); err != nil {
					return err
				}
			}
			if wrong {
				return errSaid
			}
			return nil
		},
	}
	command.Flags().BoolVar(&record, "record", false, "make the answers the reference of the model on this machine")
	command.Flags().BoolVar(&slots, "id-slot", false, "also try whether requests mix when a client names a slot; not while others use the server")
	return command
}

// runningServer is a tier that can be asked.
type runningServer struct {
	name   string
	tier   config.Tier
	server verify.Server
}

// runningServers returns the tiers named, or all of the profile. One that does not run is an error.
func runningServers(ctx context.Context, c *config.Config, names []string) ([]runningServer, error) {
	names, err := chosenTiers(c, names)
	if err != nil {
		return nil, err
	}
	all, err := services(ctx, c)
	if err != nil {
		return nil, err
	}
	var servers []runningServer
	for _, s := range all {
		if !slices.Contains(names, s.Name) {
			continue
		}
		tier := c.Tiers[s.Name]
		if s.State != supervisor.Ready && s.State != supervisor.Degraded {
			return nil, &supervisor.FailedError{Service: s.Name, Message: fmt.Sprintf("it is %s; start it first: llmctl up %s", s.State, s.Name), Log: s.Log}
		}
		model, ok, err := loadedModel(c, tier.Model)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s is not loaded; load it: llmctl pull %s", tier.Model, tier.Model)
		}
		_, micro := verify.BatchesOf(tierServer{name: s.Name, tier: tier}.ownFlags())
		servers = append(servers, runningServer{s.Name, tier,
			verify.Server{URL: tier.URL(), Slots: tier.Slots, MicroBatch: micro, Embedding: s.Name == config.Embed, Reranking: s.Name == config.Rerank, Model: model.Files[0].SHA256}})
	}
	return servers, nil
}

func verifyTier(ctx context.Context, c *config.Config, s runningServer, record, slots bool) (verified, error) {
	found := verified{Tier: s.name}
	if record && s.server.Writes() { // vectors and scores are judged by each other
		reference, err := verify.Record(ctx, s.server, s.tier.Server+" "+s.tier.Device)
		if err != nil {
			return found, err
		}
		found.Recorded = true
		return found, verify.Save(c.Directories.State, reference)
	}
	reference, err := verify.Find(c.Directories.State, s.server.Model)
	if err != nil {
		return found, err
	}
	answers, err := verify.Answers(ctx, s.server, reference)
	if err != nil {
		return found, err
	}
	isolation, err := verify.Isolation(ctx, s.server)
	if err != nil {
		return found, err
	}
	found.Answers, found.Isolation = &answers, &isolation
	if slots && s.server.Writes() {
		report, err := verify.IDSlot(ctx, s.server)
		if err != nil {
			return found, err
		}
		found.IDSlot = &report
		return found, rememberSlots(c.Directories.State, s.name, report.IDSlotLeaks)
	}
	return found, nil
}

// rememberSlots notes what naming slots does in this build, for llmctl doctor.
func rememberSlots(state, tier string, leaks bool) error {
	entries, err := lockfile.Read(state)
	if err != nil {
		return err
	}
	entry, known := entries[tier]
	if !known {
		return nil // its start was not verified: there is nothing to add to
	}
	entry.SlotLeaks = &leaks
	return lockfile.Write(state, tier, entry)
}

// loadedModel returns the record of a tier's model; ok is false when it is not here.
func loadedModel(c *config.Config, name string) (record fetch.Record, ok bool, err error) {
	shipped, err := catalogue.Shipped()
	if err != nil {
		return record, false, err
	}
	artefact, err := shipped.Get(name)
	if err != nil {
		return record, false, usageError{err}
	}
	record, ok = fetch.New(c.Directories.Cache, nil).Loaded(artefact)
	return record, ok, nil
}

func printVerified(out io.Writer, v verified) {
	line := func(wrong bool, sentence string, seconds float64) {
		word := color.GreenString("right")
		if wrong {
			word = color.RedString("wrong")
		}
		fmt.Fprintf(out, "%-6s %s  %s (%.1f s)\n", v.Tier, word, sentence, seconds)
	}
	if v.Answers != nil {
		line(v.Answers.Verdict == verify.Wrong, v.Answers.Sentence, v.Answers.Seconds)
	}
	if v.Isolation != nil {
		line(v.Isolation.Verdict == verify.Wrong, v.Isolation.Sentence, v.Isolation.Seconds)
	}
	if v.IDSlot != nil {
		fmt.Fprintf(out, "%-6s %s  %s (%.1f s)\n", v.Tier, color.YellowString("slots"), v.IDSlot.Sentence, v.IDSlot.Seconds)
	}
	if v.Recorded {
		fmt.Fprintf(out, "%-6s its answers are now the reference of its model on this machine\n", v.Tier)
	}
}
