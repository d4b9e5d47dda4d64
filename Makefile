# `make run` answers a real question with real models; `make test` passes every check. Both set up what they need.

SHELL      := /bin/bash
CACHE      := $(or $(BESTBOX_CACHE_DIR),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bestbox)
TOOLS      := $(CACHE)/tools
QUESTION   ?= Why did Q4 procurement cost increase 30%?

GOLANGCI_LINT_VERSION := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0
GOVULNCHECK_VERSION   := v1.9.0

GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
WORKFLOWCHECK := $(TOOLS)/workflowcheck-$(WORKFLOWCHECK_VERSION)
GOVULNCHECK   := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)

.PHONY: run stop build pull test check unit lint determinism vulnerabilities bench generate clean help

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1|\2/' | column -t -s '|'

run: build ## Start everything and answer a question
	@bin/llmctl up
	@bin/worker ask "$(QUESTION)"

stop: build ## Stop everything and prove that the ports are free
	@bin/llmctl down

build: ## Build bin/llmctl and bin/worker
	@go build -trimpath -o bin/llmctl ./llmctl
	@go build -trimpath -o bin/worker ./worker

pull: build ## Fetch and verify the models and programs that the tests use
	@bin/llmctl pull --profile small
	@bin/llmctl pull smollm2-135m-instruct-q4_1
	@bin/llmctl pull postgres

test: build pull check unit ## Every check and every test
	@echo "All checks and tests passed."

check: format vet lint determinism vulnerabilities

.PHONY: format vet
format:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); test -z "$$unformatted" || \
		{ echo "gofmt: these files are not formatted: $$unformatted"; exit 1; }

vet:
	@go vet ./...

lint: $(GOLANGCI_LINT)
	@$(GOLANGCI_LINT) run ./...

determinism: $(WORKFLOWCHECK)
	@$(WORKFLOWCHECK) ./workflows/...

vulnerabilities: $(GOVULNCHECK)
	@scripts/vulnerabilities $(GOVULNCHECK)

# The router's fit is arithmetic on one goroutine and ten times slower under the race detector, which has nothing to find in it. The tests of
# the whole system and of killed workers come alone: they keep all cores busy, and crawl beside anything else that computes.
unit:
	@go test ./agents/router/fitting
	@go test -race -timeout 30m -p 1 ./internal/e2e ./internal/crash
	@go test -race -timeout 30m $$(go list ./... | grep -v -e '^bestbox/agents/router/fitting$$' -e '^bestbox/internal/e2e$$' -e '^bestbox/internal/crash$$')

bench: build ## Measure routers, runs and histories; print tables and write JSON to docs/measurements
	@bin/llmctl up
	@go run ./evals routers
	@go run ./evals run
	@go run ./evals history

generate: ## Make generated files again
	@go generate ./...

clean: ## Remove the binaries; the cache and the state stay
	@rm -rf bin

# Tools are built once per version into the cache, outside of go.mod: what they drag in is none of the program's.
define install-tool
	@mkdir -p $(TOOLS) && tmp=$$(mktemp -d) && echo "Building $(notdir $@) (once)…" && \
		GOBIN=$$tmp GOFLAGS=-buildvcs=false go install $(1)@$(2) && mv $$tmp/* $@ && rmdir $$tmp
endef

$(GOLANGCI_LINT):
	$(call install-tool,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION))

$(WORKFLOWCHECK):
	$(call install-tool,go.temporal.io/sdk/contrib/tools/workflowcheck,$(WORKFLOWCHECK_VERSION))

$(GOVULNCHECK):
	$(call install-tool,golang.org/x/vuln/cmd/govulncheck,$(GOVULNCHECK_VERSION))
