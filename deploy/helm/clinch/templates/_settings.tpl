{{- /* (dict "root" $ "short" "lead"): the settings of one service, without its secrets, as a map of texts. */ -}}
{{- define "clinch.settings" -}}
{{- $own := (index .root.Values.services .short).settings | default dict -}}
{{- range $name, $value := mergeOverwrite (deepCopy .root.Values.settings) (deepCopy $own) -}}
{{- if or (kindIs "map" $value) (kindIs "slice" $value) }}
CLINCH_{{ upper $name }}: {{ toJson $value | quote }}
{{- else if not (has (toString $value) (list "" "<nil>")) }}
CLINCH_{{ upper $name }}: {{ toString $value | quote }}
{{- end -}}
{{- end }}
CLINCH_VERSION: {{ dig "image" "tag" "" (index .root.Values.services .short) | default .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
CLINCH_PORT: "8000"
CLINCH_ADMIN_PORT: "9000"
{{- end -}}

{{- /* The name of the Secret of "shared" or of a service: (dict "root" $ "owner" "lead" "hook" bool). Hooks run before the objects of a
release exist, so they have a copy of what the chart makes, which goes when they are done. */ -}}
{{- define "clinch.secretName" -}}
{{- $made := printf "%s-%s%s" (include "clinch.fullname" .root) .owner (ternary "-hook" "" .hook) -}}
{{- (index .root.Values.secrets .owner).existingSecret | default $made -}}
{{- end -}}

{{- /* Where the secrets are: CLINCH_DATABASE_URL_FILE and its like, as a list of environment variables. */ -}}
{{- define "clinch.secretFiles" -}}
{{- range $owner := list "shared" .short -}}
{{- range $name, $_ := (index $.root.Values.secrets $owner).keys }}
- {name: CLINCH_{{ upper $name }}_FILE, value: /run/secrets/clinch/{{ $name }}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "clinch.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $owner := list "shared" .short }}
      - secret:
          name: {{ include "clinch.secretName" (dict "root" $.root "owner" $owner "hook" $.hook) }}
          items:
            {{- range $name, $key := (index $.root.Values.secrets $owner).keys }}
            - {key: {{ $key }}, path: {{ $name }}}
            {{- end }}
      {{- end }}
{{- end -}}
