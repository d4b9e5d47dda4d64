package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/prefix"

	"github.com/fatih/color"
)

// promptsTimeout is far more than the worker needs to write its prompts down.
const promptsTimeout = 10 * time.Second

// fixedPrompts asks the worker for the prompts that its agents and its router begin with, by tier. A worker that is not built has none.
func fixedPrompts(ctx context.Context, c *config.Config) map[string][]prefix.Prefix {
	path, err := workerPath()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, promptsTimeout)
	defer cancel()
	arguments := []string{"prefixes", "--json", "--profile", c.Profile}
	if c.Path != "" {
		arguments = append(arguments, "--config", c.Path)
	}
	output, err := exec.CommandContext(ctx, path, arguments...).Output()
	var byTier map[string][]prefix.Prefix
	if err == nil {
		err = json.Unmarshal(output, &byTier)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, color.YellowString("the agents' prompts are not held ready: ")+err.Error())
	}
	return byTier
}
