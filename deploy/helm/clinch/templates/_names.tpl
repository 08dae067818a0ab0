{{- /* What every object's names and labels are made from. Most take (dict "root" $ "name" "lead-svc" "component" "api"). */ -}}

{{- define "clinch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{ ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* All pods of this release. */ -}}
{{- define "clinch.release" -}}
app.kubernetes.io/part-of: clinch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "clinch.selector" -}}
{{ include "clinch.release" .root }}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* Labels of pods: no more than this, so that a new version of the chart alone does not replace them. */ -}}
{{- define "clinch.podLabels" -}}
{{ include "clinch.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "clinch.labels" -}}
{{ include "clinch.release" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "clinch.labelsOf" -}}
{{ include "clinch.labels" .root }}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* (dict "root" $ "name" "lead-svc" "image" what the service overrides) */ -}}
{{- define "clinch.image" -}}
{{- $own := .image | default dict -}}
{{- printf "%s/%s" (trimSuffix "/" .root.Values.image.repository) .name -}}
{{- if $own.digest }}@{{ $own.digest }}
{{- else }}:{{ $own.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* What one service's api or worker has: (dict "root" $ "short" "lead" "role" "api"), as YAML. */ -}}
{{- define "clinch.role" -}}
{{- $own := get (index .root.Values.services .short) .role | default dict -}}
{{- mergeOverwrite (deepCopy (index .root.Values .role)) (deepCopy $own) | toYaml -}}
{{- end -}}
