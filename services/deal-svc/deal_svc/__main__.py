from deal_svc.service import service

service.cli()
