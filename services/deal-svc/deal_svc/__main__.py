from deal_svc.service import service
from shared.cli import main

main(service)
