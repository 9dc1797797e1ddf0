# The commands of the README. Everything runs in .venv, made from requirements.lock;
# JupyterLab lives in .venv-lab (see pyproject.toml for why it is apart).
PYTHON ?= python3

.PHONY: reports site test lab lint fit bench lock

reports: .venv/ready
	.venv/bin/frontier build

# The site with its data as a folder for any static host; SITE_URL is where it will be served.
SITE_URL ?=
site: reports
	.venv/bin/frontier site $(if $(SITE_URL),--url $(SITE_URL))

test: .venv/ready .venv-lab/ready .scipy/ready .cluster/ready
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lab: .venv-lab/ready
	.venv-lab/bin/jupyter lab --notebook-dir=. notebooks/08_explorer.ipynb

# Fits the serving model to the measured rows again (about three minutes).
fit: .venv/ready .scipy/ready
	PYTHONPATH=$(CURDIR)/.scipy .venv/bin/python -m frontier.serving.fit

lint: .venv/ready
	.venv/bin/ruff check
	.venv/bin/ruff format --check

# --compile and not left to the first import: a kernel that has to compile pandas starts 5 s later,
# and some machines forbid writing bytecode then.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r $<
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv-lab/ready: requirements-explore.lock pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r $<
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# SciPy, and an oracle of the tests that needs it, beside the environment and not in it: see the
# extra `fit` in pyproject.toml.
.scipy/ready: requirements-fit.lock .venv/ready
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --compile --no-deps --upgrade \
		--require-hashes --target $(@D) -r $<
	touch $@

# Dask beside the environment as well: the extra `cluster` is for who has one.
.cluster/ready: requirements-cluster.lock .venv/ready
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --compile --no-deps --upgrade \
		--require-hashes --target $(@D) -r $<
	touch $@

# Measures the batch engine against papermill and nbconvert (half an hour on two cores).
bench: .venv/ready .venv-lab/ready
	.venv/bin/python tests/benchmarks/bench_batch.py

# New versions: needs uv, then commit both files and environment.yml (a test says where they differ).
LOCK = uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--no-annotate --upgrade
lock:
	echo setuptools | $(LOCK) pyproject.toml - --extra test -o requirements.lock
	echo 'distributed>=2026.3' | $(LOCK) --python-version 3.11 -c requirements.lock - \
		-o requirements-cluster.lock
	echo setuptools | $(LOCK) pyproject.toml - --extra test --extra explore -o requirements-explore.lock
	printf 'scipy>=1.14\ncoopgt>=0.0.3\nmore-itertools>=10.2\n' | \
		$(LOCK) --no-deps --python-version 3.11 - -o requirements-fit.lock
