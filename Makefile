# Both build and test pass flags that leave the modules alike, so neither rebuilds the other's:
# by default `swift test` compiles everything again with testable imports, which no test here uses.
export PKG_CONFIG_PATH := $(abspath .libtorch)$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
SWIFT_BUILD = swift build -c release
SWIFT_TEST = swift test -c release --disable-testable-imports
SOURCES = Sources Tests Package.swift

TEST_REQUIREMENTS = $(wildcard Tests/requirements.txt)
PEER_REQUIREMENTS = Benchmarks/peers/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help setup images ray build demo test check-ray check-ranks check-faults check-memory sanitize fuzz lint format bench docs docs-preview install \
  uninstall gpu-bundle clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup:  ## Put libtorch in .libtorch, fetching it once, and gnuplot where there is none
	@scripts/setup.sh
	@scripts/plots.sh

images: setup  ## Get Pillow, which reads the images of --task images
	@scripts/images.sh

ray:  ## Get Ray, which makes the runs of --engine ray
	@scripts/ray.sh

build: setup  ## Build the libraries and the adamqlr command
	$(SWIFT_BUILD)

demo: build  ## Build, then run the demonstration
	.build/release/adamqlr demo

test: setup  ## Run the tests
ifneq ($(TEST_REQUIREMENTS),)
	ADAMQLR_PYTHON="$$(scripts/python-env.sh $(TEST_REQUIREMENTS))" && \
	  export ADAMQLR_PYTHON && $(SWIFT_TEST)
else
	$(SWIFT_TEST)
endif

check-ray: build ray  ## Check that a study on Ray survives the loss of a node
	@python="$$(scripts/python-env.sh scripts/ray/requirements.txt)" && \
	  "$$python" scripts/check_ray.py .build/release/adamqlr

check-ranks: build  ## Check training by several ranks: figures, kills, time of a step
	@scripts/check_ranks.py same .build/release/adamqlr
	@scripts/check_ranks.py kills .build/release/adamqlr
	@scripts/check_ranks.py scaling .build/release/adamqlr

check-faults: build  ## Check what happens where files cannot be written, and after kills
	@scripts/check_faults.py .build/release/adamqlr
	@scripts/check_kills.py .build/release/adamqlr

check-memory: build  ## Check that 100,000 steps hold no more memory than a few
	@scripts/check_memory.py .build/release/adamqlr

sanitize: setup  ## Run the tests under sanitizers (both, or SANITIZER=address or thread)
	@ADAMQLR_PYTHON="$$(scripts/python-env.sh $(TEST_REQUIREMENTS))" scripts/sanitize.sh $(SANITIZER)

FUZZ_SECONDS ?= 200
fuzz: setup  ## Look for hostile inputs for an hour (FUZZ_SECONDS for each of 19 readers)
	@scripts/fuzz.sh $(FUZZ_SECONDS)

lint:  ## Check the formatting of the Swift sources
	swift format lint --strict --recursive --parallel $(SOURCES)

format:  ## Format the Swift sources in place
	swift format --in-place --recursive --parallel $(SOURCES)

bench: build  ## Run the benchmarks against their Python peers
	python="$$(scripts/python-env.sh $(PEER_REQUIREMENTS))" && \
	  "$$python" Benchmarks/bench.py --check && "$$python" Benchmarks/bench.py

docs: build  ## Make the libraries' documentation in .build/docs
	@scripts/docs.sh

docs-preview: build  ## Make it, and serve it on the loopback
	@scripts/docs.sh preview

PREFIX ?= /usr/local
install: build  ## Put the command into PREFIX (/usr/local), to run without this clone
	@scripts/install.sh "$(PREFIX)"

uninstall:  ## Remove it from there
	@scripts/install.sh --remove "$(PREFIX)"

gpu-bundle:  ## Make the folder that checks and measures a GPU elsewhere
	@scripts/gpu-bundle.sh

clean:  ## Remove what was built, and keep libtorch
	rm -rf .build .build-gpu gpu-bundle
