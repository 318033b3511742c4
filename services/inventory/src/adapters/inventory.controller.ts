/** Calls and single messages of Nest's transports → inventory. */
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { JETSTREAM } from '@ringfence/bus/nest';
import type { Message } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import { parsed } from '@ringfence/resources';
import type { Inventory } from '../inventory.js';

export const INVENTORY = Symbol('inventory');

@Controller()
export class InventoryController {
  constructor(@Inject(INVENTORY) private readonly inventory: Inventory) {}

  @MessagePattern('cmd.inventory.resource')
  resource(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.resource(parsed(CALLS.inventoryResource.request, request));
  }

  @MessagePattern('cmd.inventory.exchange-token')
  exchangeToken(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.exchangeToken(parsed(CALLS.exchangeToken.request, request));
  }

  @MessagePattern('cmd.inventory.pair-node')
  pairNode(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.pairNode(parsed(CALLS.pairNode.request, request));
  }

  @MessagePattern('cmd.inventory.beyond-share')
  beyondShare(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.beyondShare(parsed(CALLS.beyondShare.request, request));
  }

  @MessagePattern('cmd.inventory.standing')
  standing(): Promise<unknown> {
    return this.inventory.standing();
  }

  @MessagePattern('cmd.inventory.alarms-at')
  alarmsAt(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.alarmsAt(parsed(CALLS.alarmsAt.request, request));
  }

  @MessagePattern('cmd.inventory.said')
  said(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.said(parsed(CALLS.inventorySaid.request, request));
  }

  @MessagePattern('cmd.inventory.resync')
  resync(@Payload() request: unknown): Promise<unknown> {
    return this.inventory.resync(parsed(CALLS.inventoryResync.request, request));
  }

  @EventPattern('inventory-labels', JETSTREAM)
  label(@Payload() _: unknown, @Ctx() message: Message): Promise<void> {
    return this.inventory.labelled([message]);
  }

  @EventPattern('inventory-profiles', JETSTREAM)
  profile(@Payload() _: unknown, @Ctx() message: Message): Promise<void> {
    return this.inventory.labelled([message]);
  }
}
