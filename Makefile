# edge: a camera you teach by pressing a button.
#
# Everything is written below build/ and to your Go cache, nowhere else. With
# EDGE_NO_INSTALL=1 nothing is installed on this machine either.

export GO ?= go

.DEFAULT_GOAL := help
.PHONY: help setup build demo test arm64 avx512 models bench bench-arm64 bench-peers bench-peers-arm64 lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (OpenCV by apt-get, with sudo if needed)
	@deploy/setup.sh build

build: ## build/edge for this machine, with OpenCV where it is there
	@deploy/setup.sh probe
	@deploy/build.sh

demo: setup ## the whole idea in a minute, no hardware needed
	@deploy/build.sh
	@build/edge demo

test: ## every test: with and without OpenCV, races, lint, arm64
	@deploy/setup.sh test
	@deploy/test.sh

arm64: ## build/edge-linux-arm64 (static) and, with OpenCV, -opencvNNN
	@deploy/arm64.sh

avx512: ## the kernels' tests on an emulated processor that has AVX-512
	@deploy/avx512.sh

models: ## make the shipped models again from their published weights
	$(GO) run ./models/make

bench: ## benchmarks, into build/bench; BENCH=Network for some of them
	@mkdir -p build/bench
	@CGO_ENABLED=0 $(GO) test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 300ms -timeout 60m ./... >build/bench/bench.txt; s=$$?; \
		grep -vE '^(ok|PASS|goos:|goarch:|\?)' build/bench/bench.txt; exit $$s

bench-arm64: ## instructions and modelled cycles on a Pi's processors
	@deploy/bench/arm64.sh

bench-peers: ## edge and other runtimes on the same network, in turns
	@deploy/bench/peers.sh

bench-peers-arm64: ## the same, counted and modelled on a Pi's processors
	@deploy/bench/peers-arm64.sh

lint: ## go vet, staticcheck, gofmt, shellcheck
	@deploy/test.sh lint

clean: ## remove build/
	rm -rf build
