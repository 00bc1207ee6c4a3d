{{- /* Written by `make generate` from hack/install. Do not edit. */ -}}
{{- define "promfleet.fullname" -}}
{{ (ternary $.Values.fullnameOverride (ternary $.Release.Name (print (toString $.Release.Name) "-promfleet") (contains "promfleet" $.Release.Name)) (not (empty $.Values.fullnameOverride))) }}
{{- end }}
{{- define "promfleet.image" -}}
{{ (print (toString $.Values.image.registry) "/" (toString $.Values.image.repository) ":" (toString (ternary $.Values.image.tag (print "v" (toString $.Chart.AppVersion)) (not (empty $.Values.image.tag)))) (toString (ternary (print "@" (toString $.Values.image.digest)) "" (not (empty $.Values.image.digest))))) }}
{{- end }}
