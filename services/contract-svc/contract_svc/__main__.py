from contract_svc.service import service

service.cli()
