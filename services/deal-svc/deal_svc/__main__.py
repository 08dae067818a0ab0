from deal_svc.service import service
from shared.process.cli import main

main(service)
