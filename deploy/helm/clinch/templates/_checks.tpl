{{- /* What no schema can say: settings that contradict each other, or that the services would refuse. One sentence each. */ -}}
{{- define "clinch.checks" -}}
{{- $production := eq .Values.settings.env "production" -}}
{{- $issuer := required "settings.issuer: give the exact `iss` of your identity provider's tokens" .Values.settings.issuer -}}
{{- $development := hasSuffix "/dev-issuer" $issuer -}}
{{- if and $production $development -}}
{{- fail "settings.issuer: production has no development issuer; name your identity provider, or set settings.env=development" -}}
{{- end -}}
{{- if and $development (not .Values.front.enabled) -}}
{{- fail "settings.issuer is the development issuer, which is in the front: set front.enabled=true" -}}
{{- end -}}
{{- if and $development (gt (int .Values.front.replicas) 1) -}}
{{- fail "front.replicas: the development issuer keeps its key to itself, so there can be one only" -}}
{{- end -}}
{{- range $owner, $secret := .Values.secrets -}}
{{- include "clinch.checkSecret" (dict "owner" $owner "secret" $secret "root" $ "production" $production) -}}
{{- end -}}
{{- if and (eq (toString .Values.settings.attachment_store) "s3") (not (hasKey .Values.secrets.shared.keys "s3_secret_key")) -}}
{{- fail "settings.attachment_store is s3: name its secret in secrets.shared.keys.s3_secret_key" -}}
{{- end -}}
{{- range $short, $service := .Values.services -}}
{{- with $service.settings -}}
{{- if or (hasKey . "env") (hasKey . "issuer") (hasKey . "audience") -}}
{{- fail (printf "services.%s.settings: env, issuer and audience are the same for all services; give them under settings" $short) -}}
{{- end -}}
{{- end -}}
{{- range $role := list "api" "worker" -}}
{{- include "clinch.checkRole" (dict "root" $ "short" $short "role" $role) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (or .Values.ingress.enabled .Values.httpRoute.enabled) (not .Values.networkPolicy.gateway) -}}
{{- fail "networkPolicy.gateway: say where the pods of your ingress controller or gateway are, or they cannot reach the APIs" -}}
{{- end -}}
{{- end -}}

{{- define "clinch.checkSecret" -}}
{{- $given := list -}}
{{- range $source := list "existingSecret" "remoteRefs" "values" -}}
{{- if index $.secret $source -}}{{- $given = append $given $source -}}{{- end -}}
{{- end -}}
{{- $names := keys .secret.keys | sortAlpha -}}
{{- if ne (len $given) 1 -}}
{{- fail (printf "secrets.%s (%s): give one of existingSecret, remoteRefs and values; there is %s"
      .owner (join ", " $names) ($given | join " and " | default "none")) -}}
{{- end -}}
{{- if not .secret.existingSecret -}}
{{- range $name := $names -}}
{{- if not (get (index $.secret (first $given)) $name) -}}
{{- fail (printf "secrets.%s.%s.%s is missing" $.owner (first $given) $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name := list "cursor_key" "secret_key" -}}
{{- if and $.production (contains "development-only" (get $.secret.values $name | default "")) -}}
{{- fail (printf "secrets.%s.values.%s: not the development key in production" $.owner $name) -}}
{{- end -}}
{{- end -}}
{{- if and .secret.remoteRefs (not .root.Values.externalSecrets.storeRef.name) -}}
{{- fail (printf "externalSecrets.storeRef.name: secrets.%s has remoteRefs, so a store is needed" .owner) -}}
{{- end -}}
{{- end -}}

{{- define "clinch.checkRole" -}}
{{- $role := include "clinch.role" . | fromYaml -}}
{{- $where := printf "%s of %s" .role .short -}}
{{- with $role.autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "%s: autoscaling.minReplicas is above maxReplicas" $where) -}}
{{- end -}}
{{- end -}}
{{- $own := (index .root.Values.services .short).settings | default dict -}}
{{- $delay := get $own "drain_delay_seconds" | default .root.Values.settings.drain_delay_seconds | float64 -}}
{{- /* 1 s last call, 10 s for requests in progress, 5 s to close the pool: shared/process/drain.py, shared/db/pool.py */ -}}
{{- if lt (float64 $role.terminationGracePeriodSeconds) (addf $delay 16.0) -}}
{{- fail (printf "%s: terminationGracePeriodSeconds must be at least drain_delay_seconds + 16, or requests are cut off" $where) -}}
{{- end -}}
{{- end -}}
