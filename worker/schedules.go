package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/worker/api"
	"bestbox/worker/display"
)

func (f *documentFlags) schedules(command *cobra.Command) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	all, err := worker.Schedules(command.Context())
	if err != nil {
		return codeOf(err)
	}
	if f.json {
		return json.NewEncoder(command.OutOrStdout()).Encode(api.Schedules{Schedules: all})
	}
	if len(all) == 0 {
		fmt.Fprintln(command.OutOrStdout(), "no folder is put in again and again; worker ingest FOLDER --every 24h begins that")
		return nil
	}
	table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SCHEDULE\tEVERY\tNEXT\tDOMAIN\tFOLDER")
	for _, schedule := range all {
		next := "-"
		if schedule.Next != nil {
			next = schedule.Next.Local().Format(time.DateTime)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", schedule.ID, schedule.Every, next, cmp.Or(schedule.Domain, "every"), display.OneLine(schedule.Folder))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, schedule := range all {
		if schedule.Problem != "" {
			fmt.Fprintf(command.OutOrStdout(), "%s is not put in: %s\n", schedule.ID, display.OneLine(schedule.Problem))
		}
	}
	return nil
}

func (f *documentFlags) unschedule(command *cobra.Command, id string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	if err := worker.DeleteSchedule(command.Context(), id); err != nil {
		return codeOf(err)
	}
	fmt.Fprintln(command.ErrOrStderr(), "it is put in no more; what is in stays in")
	return nil
}
