# Debian's Prometheus: docker build -t prom/prometheus:v3.5.0 -f tests/containers/standins/prometheus.Dockerfile deploy/prometheus
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends prometheus wget && rm -rf /var/lib/apt/lists/* \
 && install -d -o nobody -g nogroup /prometheus
USER nobody
VOLUME /prometheus
ENTRYPOINT ["prometheus"]
