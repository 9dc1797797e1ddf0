# Builds the site into a volume, as a user without rights:
#   docker build -t inference-frontier . && docker run --rm -v frontier-reports:/reports inference-frontier
# The devcontainer is the same image: the lock has JupyterLab and the tests. A tag moves; whoever can
# look up its digest may pass it: --build-arg IMAGE=python@sha256:...
ARG IMAGE=python:3.11-bookworm
FROM ${IMAGE}
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home --uid 1000 frontier \
    && install --directory --owner=frontier /opt/venv /reports /opt/project
USER frontier
WORKDIR /opt/project
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
