# Apache Kafka from its jars: docker build -t apache/kafka:4.3.1 -f tests/containers/standins/kafka.Dockerfile deploy/kafka
FROM debian:bookworm-slim AS jars
RUN apt-get update && apt-get install -y --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
COPY pom.xml .
RUN mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/libs

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home appuser && install -d -o appuser /opt/kafka/config /var/lib/kafka/data
COPY --from=jars /libs /opt/kafka/libs
COPY --chmod=755 <<'SCRIPT' /etc/kafka/docker/run
#!/bin/bash
# As the official image does it: KAFKA_LOG_DIRS is log.dirs, a new folder is formatted.
set -euo pipefail
settings=/opt/kafka/config/server.properties
env | grep '^KAFKA_' | grep -v '_OPTS=' | while IFS='=' read -r name value; do
  name=${name#KAFKA_}; name=${name,,}; echo "${name//_/.}=$value"
done > "$settings"
java -Xmx128m -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format -c "$settings" --ignore-formatted --cluster-id 5L6g3nShT-eMCtK--X86sw
exec java ${KAFKA_HEAP_OPTS:-} -Dorg.apache.logging.log4j.level=WARN -cp '/opt/kafka/libs/*' kafka.Kafka "$settings"
SCRIPT
USER appuser
VOLUME /var/lib/kafka/data
CMD ["/etc/kafka/docker/run"]
