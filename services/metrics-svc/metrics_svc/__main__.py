from metrics_svc.service import service

service.cli()
