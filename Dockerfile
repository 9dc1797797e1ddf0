# Two images of one project. The batch image builds the site into a volume, as a user without rights:
#   docker build -t inference-frontier . && docker run --rm -v frontier-reports:/reports inference-frontier
# The other one, `--target explore`, is the environment of the devcontainer: JupyterLab and the tests.
# tests/test_containers.py holds both to the locks. A tag moves; whoever can look up its digest may pass
# it: --build-arg BATCH_IMAGE=python@sha256:...
ARG BATCH_IMAGE=python:3.11-slim-bookworm
ARG EXPLORE_IMAGE=python:3.11-bookworm

FROM ${EXPLORE_IMAGE} AS explore
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home --uid 1000 frontier && install --directory --owner=frontier /opt/venv
USER frontier
RUN python -m venv /opt/venv
COPY requirements-explore.lock /tmp/
RUN python -m pip install --quiet --compile --require-hashes -r /tmp/requirements-explore.lock

FROM ${BATCH_IMAGE} AS batch
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home --uid 1000 frontier \
    && install --directory --owner=frontier /opt/venv /reports /home/frontier/project
USER frontier
WORKDIR /home/frontier/project
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN python -m pip install --quiet --compile --require-hashes -r requirements.lock
COPY --chown=frontier . .
RUN python -m pip install --quiet --no-deps --no-build-isolation -e .
# The site is grown beside the old one and put into its place by renaming, which a mounted folder
# itself does not allow: so it is a folder in the volume.
VOLUME /reports
ENTRYPOINT ["frontier"]
CMD ["build", "--out", "/reports/site"]
