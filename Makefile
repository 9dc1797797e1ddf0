# The commands of the README. Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
PYTEST = .venv/bin/python -m pytest --dist loadfile --no-loadscope-reorder

.PHONY: reports site reference test test-slow lab fit lint bench lock

reports: .venv/ready
	.venv/bin/frontier build

# The site with its data and the API reference, a folder for any static host; SITE_URL is where it
# will be served.
SITE_URL ?=
export SITE_URL
site: reports
	.venv/bin/frontier site $${SITE_URL:+--url "$$SITE_URL"}
	$(MAKE) reference REFERENCE=site/reference

# One page a module, or a package where that says in __all__ what it offers; two modules are only
# other names.
REFERENCE ?= .frontier/reference
reference: .venv/ready
	.venv/bin/pdoc --docformat google --no-show-source --no-search --template-directory docs/pdoc \
		--output-directory $(REFERENCE) frontier '!frontier.(measurements|pareto)$$' frontier.curves.pareto \
		broadsheet

# What a change needs, a part of which waits for kernels and pages; and the rest, which takes long.
test: .venv/ready
	$(PYTEST) -n 3 -m "not slow"

test-slow: .venv/ready
	$(PYTEST) -n 2 -m slow

lab: .venv/ready
	.venv/bin/jupyter lab --notebook-dir=. notebooks/08_explorer.ipynb

# Fits the serving model to the measured rows again (about three minutes).
fit: .venv/ready
	.venv/bin/python -m frontier.serving.fit

lint: .venv/ready
	.venv/bin/ruff check
	.venv/bin/ruff format --check

# The quick form of every benchmark. In full, each by itself: tests/benchmarks/NAME.py without
# options; bench_batch.py takes half an hour on two cores.
bench: .venv/ready
	.venv/bin/python tests/benchmarks/bench_claims.py --quick
	.venv/bin/python tests/benchmarks/bench_pareto.py 3
	.venv/bin/python tests/benchmarks/bench_scale.py --rows 82000
	.venv/bin/python tests/benchmarks/bench_serving.py 3
	.venv/bin/python tests/benchmarks/bench_batch.py --collection own --only frontier --only nothing


# --compile and not left to the first import: a kernel that has to compile pandas starts 5 s later,
# and some machines forbid writing bytecode then.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r $<
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# New versions: needs uv, then commit both files and environment.yml (a test says where they differ).
lock:
	echo setuptools | uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-strip-extras --upgrade pyproject.toml - --extra test -o requirements.lock
