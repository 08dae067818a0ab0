# Keycloak from its distribution: docker build -t keycloak/keycloak:26.7 -f tests/containers/standins/keycloak.Dockerfile deploy/keycloak
FROM debian:bookworm-slim AS server
RUN apt-get update && apt-get install -y --no-install-recommends maven && rm -rf /var/lib/apt/lists/*
RUN mvn -q -B dependency:copy -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz -DoutputDirectory=/ \
 && mkdir -p /opt/keycloak/data && tar -xzf /keycloak-quarkus-dist-*.tar.gz -C /opt/keycloak --strip-components 1

FROM debian:bookworm-slim
# The official image has JRE 21; 17 is Debian's.
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
COPY --from=server --chown=1000:0 /opt/keycloak /opt/keycloak
ENV KC_RUN_IN_CONTAINER=true
USER 1000
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
