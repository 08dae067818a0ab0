from lead_svc.service import service

service.cli()
