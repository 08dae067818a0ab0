# Not Grafana, which has no package to make it from: it only answers its health check, so that the rest of the profile can be run.
#   docker build -t grafana/grafana:12.3.0 -f tests/containers/standins/grafana.Dockerfile deploy/grafana
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends wget && rm -rf /var/lib/apt/lists/* \
 && install -d -o 472 /var/lib/grafana /www/api && echo '{"database": "ok", "version": "stand-in"}' > /www/api/health
USER 472
VOLUME /var/lib/grafana
WORKDIR /www
CMD ["python3", "-m", "http.server", "3000"]
